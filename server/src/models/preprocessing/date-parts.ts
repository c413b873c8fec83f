import { z } from "zod";
import type { GraphBuilder } from "../onnx/graph-builder.ts";
import { asInstants, fround } from "./matrix.ts";
import type { Matrix, Step, Values } from "./types.ts";

const partNames = ["year", "month", "day", "weekday", "hour", "minute"] as const;
type Part = (typeof partNames)[number];

const parametersSchema = z.strictObject({
  parts: z.array(z.enum(partNames)).min(1).default(["year", "month", "day", "weekday", "hour"]),
  /** Sine and cosine in place of each part that turns over, so that 23 o'clock lies beside 0. */
  cyclic: z.boolean().default(false),
});

/** Numbers each part takes before it starts again; years do not. */
const periods: Readonly<Partial<Record<Part, number>>> = { month: 12, day: 31, weekday: 7, hour: 24, minute: 60 };

/** Year, month (1-12), day (1-31), weekday (Monday 0), hour and minute of an instant, in UTC. What is missing stays missing. */
export const dateParts: Step = {
  name: "date-parts",
  takes: ["instant"],
  parametersSchema,
  fit(values, parameters) {
    const { parts, cyclic } = parametersSchema.parse(parameters);
    const column = asInstants(values);
    const turning = parts.map((part) => (cyclic ? periods[part] : undefined));
    const names = parts.flatMap((part, index) =>
      turning[index] === undefined ? [`${column.name} ${part}`] : [`${column.name} ${part} (sine)`, `${column.name} ${part} (cosine)`],
    );
    const transform = (given: Values): Matrix => ({
      kind: "matrix",
      names,
      columns: parts.flatMap((part, index) => {
        const numbers = asInstants(given).values.map((time) => readPart(part, time));
        const period = turning[index];
        if (period === undefined) return [numbers];
        const turn = fround((2 * Math.PI) / period);
        return [numbers.map((x) => fround(Math.sin(fround(x * turn)))), numbers.map((x) => fround(Math.cos(fround(x * turn))))];
      }),
    });
    return {
      training: transform(column),
      transform,
      write(graph, input) {
        const writePart = partsOf(graph, input);
        return graph.join(
          parts.flatMap((part, index) => {
            const numbers = graph.asMatrix(graph.asFloat(writePart(part)));
            const period = turning[index];
            if (period === undefined) return [numbers];
            const angle = graph.add("Mul", [numbers, graph.floats((2 * Math.PI) / period)]);
            return [graph.add("Sin", [angle]), graph.add("Cos", [angle])];
          }),
        );
      },
    };
  },
};

function readPart(part: Part, time: number): number {
  if (Number.isNaN(time)) return Number.NaN;
  const date = new Date(time);
  switch (part) {
    case "year":
      return date.getUTCFullYear();
    case "month":
      return date.getUTCMonth() + 1;
    case "day":
      return date.getUTCDate();
    case "weekday":
      return (date.getUTCDay() + 6) % 7;
    case "hour":
      return date.getUTCHours();
    case "minute":
      return date.getUTCMinutes();
  }
}

/**
 * Writes the parts of milliseconds [N] (double), each once. The calendar is Howard Hinnant's `civil_from_days`, in doubles that
 * hold whole numbers: eras of 146,097 days from 1 March of year 0, years that begin in March.
 */
function partsOf(graph: GraphBuilder, input: string): (part: Part) => string {
  const number = (value: number) => graph.constant(Float64Array.of(value));
  const add = (a: string, value: number) => graph.add("Add", [a, number(value)]);
  const subtract = (a: string, b: string) => graph.add("Sub", [a, b]);
  const times = (a: string, value: number) => graph.add("Mul", [a, number(value)]);
  const over = (a: string, value: number) => graph.add("Floor", [graph.add("Div", [a, number(value)])]);
  const rest = (a: string, value: number) => subtract(a, times(over(a, value), value));

  const day = over(input, 86_400_000);
  const shifted = add(day, 719_468);
  const era = over(shifted, 146_097);
  const dayOfEra = subtract(shifted, times(era, 146_097));
  const leapless = subtract(graph.add("Add", [subtract(dayOfEra, over(dayOfEra, 1460)), over(dayOfEra, 36_524)]), over(dayOfEra, 146_096));
  const yearOfEra = over(leapless, 365);
  const daysBefore = subtract(graph.add("Add", [times(yearOfEra, 365), over(yearOfEra, 4)]), over(yearOfEra, 100));
  const dayOfYear = subtract(dayOfEra, daysBefore);
  /** 0 is March. */
  const month = over(add(times(dayOfYear, 5), 2), 153);
  const isNextYear = over(month, 10);
  const writers: Readonly<Record<Part, () => string>> = {
    year: () => graph.add("Add", [graph.add("Add", [yearOfEra, times(era, 400)]), isNextYear]),
    month: () => add(subtract(month, times(isNextYear, 12)), 3),
    day: () => add(subtract(dayOfYear, over(add(times(month, 153), 2), 5)), 1),
    weekday: () => rest(add(day, 3), 7),
    hour: () => over(rest(input, 86_400_000), 3_600_000),
    minute: () => over(rest(input, 3_600_000), 60_000),
  };
  return (part) => writers[part]();
}
