import type { Dimension } from "@millrace/contract";
import { AppError, type Random } from "../../../core/index.ts";
import { findTrainer } from "../../trainers/index.ts";
import type { Candidate, Plan, Proposal } from "./types.ts";

type Range = Exclude<Dimension, { kind: "choice" }>;

/** Refuses a space whose ends the trainer would not take. `unknown_trainer`, `invalid_request` naming the parameter. */
export function checkCandidate({ trainer, parameters, space }: Candidate): void {
  const { parametersSchema } = findTrainer(trainer);
  for (const [name, dimension] of Object.entries(space)) {
    if (dimension.kind !== "choice" && dimension.from >= dimension.to)
      throw refusal(`The space of ${trainer}'s ${name} is empty: "from" must be less than "to".`, name);
    if (Object.hasOwn(parameters, name)) throw refusal(`${trainer}'s ${name} is both fixed and searched. Leave one out.`, name);
  }
  const starts = Object.fromEntries(Object.entries(space).map(([name, dimension]) => [name, endsOf(dimension)[0]]));
  check({ ...parameters, ...starts }, "");
  for (const [name, dimension] of Object.entries(space))
    for (const value of endsOf(dimension)) check({ ...parameters, ...starts, [name]: value }, name);

  function check(values: Record<string, unknown>, name: string): void {
    const parsed = parametersSchema.safeParse(values);
    if (parsed.success) return;
    const said = parsed.error.issues.map(({ path, message }) => [...path, message].join(": ")).join("; ");
    throw refusal(`The trainer ${trainer} does not take these parameters: ${said}.`, name);
  }
}

/** The values that stand for all: both ends, or every one of a list. */
function endsOf(dimension: Dimension): readonly unknown[] {
  return dimension.kind === "choice" ? dimension.values : [dimension.from, dimension.to];
}

function refusal(message: string, parameter: string): AppError {
  return new AppError("invalid_request", message, { details: { parameter } });
}

/** The value at a place in [0, 1] between the ends: along the logarithm for `log`, the whole number whose equal part holds it for `int`. */
export function fromUnit(dimension: Range, place: number): number {
  const { from, to } = dimension;
  if (dimension.kind === "int") return Math.min(to, from + Math.floor(place * (to - from + 1)));
  if (dimension.kind === "float") return from + place * (to - from);
  return Math.min(to, Math.max(from, from * (to / from) ** place));
}

/** The inverse; a whole number is in the middle of its part. */
export function toUnit(dimension: Range, value: number): number {
  const { from, to } = dimension;
  if (dimension.kind === "int") return (value - from + 0.5) / (to - from + 1);
  return dimension.kind === "float" ? (value - from) / (to - from) : Math.log(value / from) / Math.log(to / from);
}

function drawValues(space: Candidate["space"], random: Random): Proposal["values"] {
  return Object.fromEntries(
    Object.entries(space).map(([name, dimension]) => [
      name,
      dimension.kind === "choice" ? dimension.values[random.integer(dimension.values.length)] : fromUnit(dimension, random.next()),
    ]),
  );
}

export function hasSpace({ space }: Candidate): boolean {
  return Object.keys(space).length > 0;
}

/** One drawn at random: a candidate that has a space, then its values. */
export function drawProposal({ candidates }: Plan, random: Random): Proposal {
  const searched = [...candidates.keys()].filter((place) => hasSpace(candidates[place]!));
  const candidate = searched[random.integer(searched.length)]!;
  return { candidate, values: drawValues(candidates[candidate]!.space, random), share: 1 };
}
