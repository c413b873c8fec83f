import { AppError } from "../../../core/index.ts";
import type { BoostingOptions, Table } from "./types.ts";

/** `training_failed` where the table is not what the objective needs; the message names the row. */
export function checkTable({ rows, features, target, weights, groups }: Table, { objective, classes }: BoostingOptions): void {
  if (rows < 2) fail(`${rows} rows are too few to train on; at least 2 are needed.`, { rows });
  const accepts = targets(classes)[objective];
  for (let row = 0; row < rows; row++) {
    if (!accepts.holds(target[row]!))
      fail(`Row ${row + 1} has the target ${target[row]}; the objective "${objective}" takes ${accepts.words}.`, {
        row: row + 1,
        objective,
      });
    if (weights !== undefined && !(weights[row]! > 0 && weights[row]! < Infinity))
      fail(`Row ${row + 1} has the weight ${weights[row]}; a weight is above 0 and finite.`, { row: row + 1 });
  }
  if (objective === "lambdarank" && groups === undefined)
    fail("Ranking needs the group (the query) of each row, and there is no such column.", { objective });
  const bound = features.find(({ monotone }) => monotone !== undefined && monotone !== 0);
  if (bound === undefined) return;
  if (bound.kind === "category")
    fail(`Column "${bound.name}" holds categories, which have no order; only numbers can be monotone.`, { column: bound.name });
  if (objective === "multiclass")
    fail(`Column "${bound.name}" cannot be monotone with three or more labels; leave the constraint out.`, { column: bound.name });
}

const isCount = (value: number) => value >= 0 && value < Infinity;

function targets(classes: number): Record<BoostingOptions["objective"], { holds: (value: number) => boolean; words: string }> {
  return {
    binary: { holds: (value) => value === 0 || value === 1, words: "0 or 1" },
    multiclass: { holds: (value) => Number.isInteger(value) && value >= 0 && value < classes, words: `0 to ${classes - 1}` },
    "squared-error": { holds: Number.isFinite, words: "finite numbers" },
    quantile: { holds: Number.isFinite, words: "finite numbers" },
    poisson: { holds: isCount, words: "finite numbers of at least 0" },
    lambdarank: { holds: (value) => Number.isInteger(value) && value >= 0 && value <= 30, words: "whole numbers from 0 to 30" },
  };
}

function fail(message: string, details: Record<string, unknown>): never {
  throw new AppError("training_failed", message, { details });
}
