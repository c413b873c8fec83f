import { AppError } from "../core/index.ts";
import type { Column } from "./columns.ts";
import type { TrainingRows } from "./trainers/index.ts";

/** More values than this are no category, however many rows there are. */
const mostCategories = 10_000;
/** Up to this many, no share of the rows is too large. */
const fewCategories = 50;

/** Refuses rows from which only a silent wrong model could come. `training_failed` naming the column and what to do. */
export function checkRows(rows: TrainingRows, labelColumn: string): void {
  if (rows.count === 0)
    throw refusal(labelColumn, `The column "${labelColumn}" has no value in the training rows, so there is nothing to learn.`);
  checkLabel(rows, labelColumn);
  for (const column of rows.columns) {
    if (column.kind === "category") checkCategories(column, rows.count);
    if (column.kind !== "text" && !hasValues(column))
      throw refusal(
        column.name,
        `The column "${column.name}" has no value in the ${rows.count} training rows. Leave it out of the features.`,
      );
  }
}

/** What is measured must be there, and must have been there to learn. `training_failed`. */
export function checkHeldBack(truth: readonly string[], { task, labels }: TrainingRows, labelColumn: string): void {
  if (truth.length < (task === "classification" ? 1 : 2))
    throw refusal(labelColumn, "The dataset has no labelled rows held back, so nothing could be said about the model.");
  if (task !== "classification") return;
  const known = new Set(labels);
  const unknown = truth.find((label) => !known.has(label));
  if (unknown === undefined) return;
  throw refusal(
    labelColumn,
    `The label "${unknown}" of the column "${labelColumn}" stands in ${truth.filter((label) => label === unknown).length} rows held back and in no training row: the model could never answer it. Build the dataset with a stratified split, or with more rows of it.`,
  );
}

function checkLabel({ task, labels, target, count }: TrainingRows, labelColumn: string): void {
  if (task === "classification") {
    if (labels.length < 2)
      throw refusal(
        labelColumn,
        `All ${count} training rows have "${labels[0]}" in the column "${labelColumn}"; at least two labels are needed.`,
      );
    if (labels.length > mostCategories)
      throw refusal(
        labelColumn,
        `The column "${labelColumn}" has ${labels.length} different labels in ${count} training rows; it cannot be learned as classes.`,
      );
  } else if (target.every((value) => value === target[0])) {
    throw refusal(labelColumn, `All ${count} training rows have ${target[0]} in the column "${labelColumn}"; there is nothing to learn.`);
  }
}

function checkCategories({ name, values }: Extract<Column, { kind: "category" }>, count: number): void {
  const different = new Set(values).size;
  if (different <= fewCategories || (different <= mostCategories && different <= count / 2)) return;
  throw refusal(
    name,
    `The column "${name}" has ${different} different values in ${count} training rows: a text or an identifier, not a category. Leave it out of the features, or take a trainer that reads texts.`,
  );
}

function hasValues(column: Exclude<Column, { kind: "text" }>): boolean {
  return column.kind === "category" ? column.values.some((value) => value !== "") : column.values.some((value) => !Number.isNaN(value));
}

function refusal(column: string, message: string): AppError {
  return new AppError("training_failed", message, { details: { column } });
}
