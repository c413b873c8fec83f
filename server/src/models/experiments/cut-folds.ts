import { AppError } from "../../core/index.ts";
import type { TrainingRows } from "../trainers/index.ts";
import { type Fold, groupFolds, stratifiedFolds, timeFolds } from "./folds.ts";

export type FoldKind = "stratified" | "group" | "time";

export interface FoldRequest {
  readonly kind: FoldKind;
  readonly count: number;
  readonly seed: number;
  /** The group of each row, for `group`; a row without one is a group of its own. */
  readonly groups: readonly unknown[] | null;
}

/** Folds every one of which can be trained on and measured. `training_failed` when there are too few rows, groups or rows of a label. */
export function cutFolds({ task, target, labels, count }: TrainingRows, { kind, count: folds, seed, groups }: FoldRequest): Fold[] {
  const strata = task === "classification" ? target : new Float64Array(count);
  if (count < 4 * folds)
    throw refusal(`${count} training rows are too few for ${folds} folds; ${4 * folds} are needed. Ask for fewer folds.`);
  if (kind === "time") return timeFolds(count, folds);
  if (kind === "group") {
    const distinct = groups!.map((group, row) => group ?? { row });
    const different = new Set(distinct).size;
    if (different < folds) throw refusal(`The rows have ${different} groups, too few for ${folds} folds. Ask for fewer folds.`);
    return groupFolds(distinct, folds, seed);
  }
  if (task === "classification") {
    const rare = labels.find((_, label) => target.reduce((rows, each) => rows + (each === label ? 1 : 0), 0) < 2);
    if (rare !== undefined)
      throw refusal(
        `The label "${rare}" stands in one training row: it cannot be both learned and measured. Leave it out, or gather more.`,
      );
  }
  return stratifiedFolds(strata, folds, seed);
}

function refusal(message: string): AppError {
  return new AppError("training_failed", message);
}
