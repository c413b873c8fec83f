import { existsSync, readFileSync } from "node:fs";
import { type InputColumn, readColumn } from "../../server/src/models/read-columns.ts";
import type { Column } from "../../server/src/models/columns.ts";
import { permuteAsNumpy } from "./numpy-permutation.ts";

const folder = new URL("../../../shared/data/", import.meta.url);

/** Columns and target of rows to learn from and rows to measure on. */
export interface Task {
  readonly train: { readonly columns: Column[]; readonly target: Float64Array };
  readonly test: { readonly columns: Column[]; readonly target: Float64Array };
}

export function hasData(name: string): boolean {
  return existsSync(new URL(name, folder));
}

/** Adult, official split, without the survey weight; "?" is missing; the target is an income above 50,000. */
export function readAdult(): Task {
  const numbers = ["age", "education-num", "capital-gain", "capital-loss", "hours-per-week"];
  const part = (name: string) => {
    const { head, rows } = readCsv(`adult/${name}.csv`);
    const names = head.filter((column) => column !== "income" && column !== "fnlwgt");
    return {
      columns: toColumns(names, { head, rows, numbers }),
      target: Float64Array.from(rows, (row) => Number(row[head.indexOf("income")] === ">50K")),
    };
  };
  return { train: part("train"), test: part("test") };
}

/** California housing, 80/20 as scikit-learn's `train_test_split(random_state=42)` draws it. */
export function readCalifornia(): Task {
  const { head, rows } = readCsv("california_housing/data.csv");
  const order = permuteAsNumpy(rows.length, 42);
  const held = Math.ceil(rows.length / 5);
  const names = head.filter((column) => column !== "median_house_value");
  const numbers = names.filter((column) => column !== "ocean_proximity");
  const part = (places: Uint32Array) => {
    const chosen = Array.from(places, (place) => rows[place]!);
    const target = Float64Array.from(chosen, (row) => Number(row[head.indexOf("median_house_value")]));
    return { columns: toColumns(names, { head, rows: chosen, numbers }), target };
  };
  return { train: part(order.subarray(held)), test: part(order.subarray(0, held)) };
}

/** LightGBM's example of learning to rank. */
export function readRanking(): Record<"train" | "test", { columns: Column[]; target: Float64Array; groups: Int32Array }> {
  const part = (name: string) => {
    const rows = readText(`ltr_lightgbm/${name}.jsonl`).map(
      (line) => JSON.parse(line) as { query: string; relevance: number; features: Record<string, number> },
    );
    const queries = [...new Set(rows.map(({ query }) => query))];
    const columns = Array.from({ length: 301 }, (_, index) =>
      readColumn(
        { name: `f${index}`, type: "number" },
        rows.map(({ features }) => features[index] ?? 0),
      ),
    );
    return {
      columns,
      target: Float64Array.from(rows, ({ relevance }) => relevance),
      groups: Int32Array.from(rows, ({ query }) => queries.indexOf(query)),
    };
  };
  return { train: part("train"), test: part("test") };
}

function readText(name: string): string[] {
  return readFileSync(new URL(name, folder), "utf8").trim().split(/\r?\n/);
}

/** None of these files quotes. */
function readCsv(name: string): { head: string[]; rows: string[][] } {
  const [head, ...rows] = readText(name).map((line) => line.split(","));
  return { head: head!, rows };
}

function toColumns(names: readonly string[], { head, rows, numbers }: { head: string[]; rows: string[][]; numbers: string[] }): Column[] {
  return names.map((name) => {
    const column: InputColumn = { name, type: numbers.includes(name) ? "number" : "category" };
    const cells = rows.map((row) => row[head.indexOf(name)]!).map((cell) => (cell === "" || cell === "?" ? null : cell));
    return readColumn(
      column,
      cells.map((cell) => (cell === null || column.type === "category" ? cell : Number(cell))),
    );
  });
}
