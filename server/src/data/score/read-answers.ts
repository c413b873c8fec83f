import { AppError } from "../../core/index.ts";
import type { Prediction } from "./read-predictions.ts";

/** Answers of a classifier in one form. */
export interface Answers {
  /** In order; the columns of `probabilities`. */
  readonly labels: string[];
  /** Null when the rows say labels only. Each row sums to 1. */
  readonly probabilities: number[][] | null;
  readonly predicted: string[];
  /** The label looked for; null when there are more than two and none was named. */
  readonly positive: string | null;
}

type Form = "probabilities" | "score" | "label";

/** Brings probabilities by label, one score for the positive label, or bare labels into one form. `invalid_request` */
export function readAnswers(rows: readonly Prediction<"classification">[], named: string | undefined): Answers {
  const form = formOf(rows[0]!);
  for (const [index, row] of rows.entries()) {
    const own = formOf(row);
    if (own !== form)
      throw new AppError("invalid_request", `Row ${index + 1} gives ${own} where the first row gives ${form}; give the same in every row.`);
  }
  const labels = [
    ...new Set(
      rows.flatMap(({ truth, label, probabilities }) => [
        truth,
        ...(label === undefined ? [] : [label]),
        ...Object.keys(probabilities ?? {}),
      ]),
    ),
  ].sort();
  if (named !== undefined && !labels.includes(named)) {
    // A score names only its own label; the rows may all be of the other one.
    if (form === "score" && labels.length === 1) labels.splice(named < labels[0]! ? 0 : 1, 0, named);
    else
      throw new AppError("invalid_request", `No row has the label "${named}"; the labels are ${labels.slice(0, 20).join(", ")}.`, {
        details: { labels },
      });
  }
  const positive = named ?? (labels.length === 2 ? labels[1]! : null);
  if (form === "label") return { labels, positive, probabilities: null, predicted: rows.map((row) => row.label!) };
  if (form === "score") return { labels, ...fromScores(rows, labels, positive) };
  const probabilities = rows.map((row, index) => spread(row.probabilities!, labels, index));
  const predicted = probabilities.map((row) => labels[row.indexOf(Math.max(...row))]!);
  return { labels, positive, probabilities, predicted };
}

function formOf({ probabilities, score, label }: Prediction<"classification">): Form {
  if (probabilities !== undefined) return "probabilities";
  if (score !== undefined) return "score";
  if (label !== undefined) return "label";
  throw new AppError("invalid_request", "A row of a classification gives `probabilities`, a `score` or a `label` beside its `truth`.");
}

function fromScores(
  rows: readonly Prediction<"classification">[],
  labels: readonly string[],
  positive: string | null,
): Omit<Answers, "labels"> {
  if (labels.length !== 2 || positive === null)
    throw new AppError(
      "invalid_request",
      `A score speaks of one of two labels; the truth has ${labels.length}. Give \`probabilities\` by label instead.`,
    );
  const other = labels.find((label) => label !== positive)!;
  const first = labels[0] === positive;
  return {
    positive,
    probabilities: rows.map(({ score }) => (first ? [score!, 1 - score!] : [1 - score!, score!])),
    predicted: rows.map(({ score }) => (score! >= 0.5 ? positive : other)),
  };
}

function spread(given: Readonly<Record<string, number>>, labels: readonly string[], index: number): number[] {
  const row = labels.map((label) => (Object.hasOwn(given, label) ? given[label]! : 0));
  const sum = row.reduce((total, p) => total + p, 0);
  if (Math.abs(sum - 1) > 0.01) throw new AppError("invalid_request", `The probabilities of row ${index + 1} sum to ${sum}, not to 1.`);
  return row.map((p) => p / sum);
}
