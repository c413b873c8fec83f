import type { Dimension } from "@millrace/contract";
import { AppError, createRandom } from "../../../core/index.ts";
import { fromUnit, hasSpace } from "./space.ts";
import type { Candidate, Proposal, Searcher } from "./types.ts";

/** Values of a range. */
const steps = 5;
const mostCells = 10_000;

/**
 * Every combination: all values of a choice, five equally far apart of a range, its ends among them. A grid with more cells than
 * trials is visited in an order drawn by the seed. `invalid_request` past 10,000 cells.
 */
export const searchGrid: Searcher = (plan, tried) => {
  const cells = cellsOf(plan.candidates);
  const order = Int32Array.from(cells.keys());
  if (cells.length > plan.trials) createRandom(plan.seed).shuffle(order);
  return tried.length < plan.trials ? (cells[order[tried.length]!] ?? null) : null;
};

function cellsOf(candidates: readonly Candidate[]): Proposal[] {
  const searched = [...candidates.keys()].filter((place) => hasSpace(candidates[place]!));
  const axes = searched
    .map((place) => candidates[place]!)
    .map(({ space }) => Object.entries(space).map(([name, dimension]) => ({ name, values: valuesOf(dimension) })));
  const count = axes.reduce((sum, each) => sum + each.reduce((product, { values }) => product * values.length, 1), 0);
  if (count > mostCells)
    throw new AppError("invalid_request", `The grid has ${count} cells; at most ${mostCells} are taken. Search with "tpe" or "random".`);
  return axes.flatMap((each, index) =>
    each
      .reduce<Proposal["values"][]>(
        (cells, { name, values }) => cells.flatMap((cell) => values.map((value) => ({ ...cell, [name]: value }))),
        [{}],
      )
      .map((values) => ({ candidate: searched[index]!, values, share: 1 })),
  );
}

function valuesOf(dimension: Dimension): readonly unknown[] {
  if (dimension.kind === "choice") return dimension.values;
  if (dimension.kind !== "int") return Array.from({ length: steps }, (_, step) => fromUnit(dimension, step / (steps - 1)));
  const { from, to } = dimension;
  return [...new Set(Array.from({ length: steps }, (_, step) => Math.round(from + ((to - from) * step) / (steps - 1))))];
}
