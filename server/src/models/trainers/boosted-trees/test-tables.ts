import { type Random, createRandom } from "../../../core/index.ts";
import type { Table, TableFeature } from "./types.ts";

/** Approximately normal. */
export function gauss(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
}

/** A table with numbers (rounded, so that some are equal), categories, and holes in both; the target depends on all of them. */
export function makeTable(seed: number, rows: number, target: (score: number, random: Random) => number): Table {
  const random = createRandom(seed);
  const hole = (value: number) => (random.next() < 0.1 ? Number.NaN : value);
  const number = (name: string): TableFeature => ({
    name,
    kind: "number",
    values: Float64Array.from({ length: rows }, () => hole(Math.fround(Math.round(gauss(random) * 50) / 50))),
  });
  const category = (name: string, codes: number): TableFeature => ({
    name,
    kind: "category",
    values: Float64Array.from({ length: rows }, () => hole(random.integer(codes))),
  });
  const features = [number("a"), category("b", 3), number("c"), category("d", 12)];
  const score = (row: number) =>
    features.reduce((sum, { kind, values }) => {
      const value = values[row]!;
      if (Number.isNaN(value)) return sum + 0.7;
      return sum + (kind === "number" ? value : value % 2 === 0 ? 1 : -1);
    }, 0);
  return { rows, features, target: Float64Array.from({ length: rows }, (_, row) => target(score(row), random)) };
}
