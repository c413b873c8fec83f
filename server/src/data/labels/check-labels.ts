import type { CheckLabels, LabelCheck } from "@millrace/contract";
import { AppError } from "../../core/index.ts";
import { applyTemperature, fitTemperature, wilson } from "../../statistics/index.ts";
import { findLabelErrors } from "./confident-learning.ts";
import { leaveOneOut } from "./naive-bayes.ts";

export interface LabelledRows {
  readonly reference: string;
  readonly labelColumn: string;
  readonly featureColumns: readonly string[];
  /** In the order of the version. */
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

const mostLabels = 200;
/** Text in an answer is cut: a row is shown to be recognised. */
const longestShown = 500;

/** Rows whose label is probably wrong, most suspicious first. `invalid_request` where the labels cannot be judged. */
export function checkLabels(input: LabelledRows, { method, limit, predicted }: CheckLabels): LabelCheck {
  const places = [...input.rows.keys()].filter((row) => known(input.rows[row]![input.labelColumn]));
  const rows = places.map((row) => input.rows[row]!);
  const truth = rows.map((row) => String(row[input.labelColumn]));
  const names = predicted?.labels ?? [...new Set(truth)].sort();
  checkNames(names, input);
  const index = new Map(names.map((name, place) => [name, place]));
  const labels = truth.map((label) => {
    const place = index.get(label);
    if (place === undefined)
      throw wrong(`A row has the label "${label}", which is not among those of the probabilities: ${names.join(", ")}.`);
    return place;
  });
  const probabilities =
    predicted === undefined
      ? judge(
          input.featureColumns.map((name) => rows.map((row) => row[name])),
          labels,
          names.length,
        )
      : checked(predicted, places, input.rows.length);
  const { thresholds, joint, errors } = findLabelErrors(labels, probabilities, method);
  const agreed = probabilities.filter((line, row) => line.indexOf(Math.max(...line)) === labels[row]).length;
  return {
    reference: input.reference,
    rows: rows.length,
    judge: predicted === undefined ? "naive-bayes" : "given",
    agreement: wilson(agreed, rows.length),
    suspicious: errors.length,
    labels: names.map((label, place) => ({
      label,
      rows: labels.filter((each) => each === place).length,
      suspicious: errors.filter(({ given }) => given === place).length,
      threshold: Number.isFinite(thresholds[place]!) ? thresholds[place]! : null,
    })),
    joint: { labels: [...names], counts: joint },
    items: errors.slice(0, limit).map(({ row, given, likely, selfConfidence, margin }) => ({
      row: places[row]!,
      given: names[given]!,
      likely: names[likely]!,
      selfConfidence,
      margin,
      values: Object.fromEntries(input.featureColumns.map((name) => [name, shown(rows[row]![name])])),
    })),
  };
}

const known = (value: unknown) => value !== null && value !== undefined;
const shown = (value: unknown) => (typeof value === "string" && value.length > longestShown ? `${value.slice(0, longestShown)}…` : value);
const wrong = (message: string) => new AppError("invalid_request", message);

function checkNames(names: readonly string[], { reference, labelColumn }: LabelledRows): void {
  if (names.length < 2)
    throw wrong(`The column ${labelColumn} of ${reference} holds ${names.length} labels; errors show only between two or more.`);
  if (names.length > mostLabels)
    throw wrong(
      `The column ${labelColumn} of ${reference} holds ${names.length} labels; errors are looked for among at most ${mostLabels}.`,
    );
}

/** Naive Bayes with each row left out, brought down to an honest confidence. */
function judge(columns: readonly (readonly unknown[])[], labels: readonly number[], labelCount: number): number[][] {
  const raw = leaveOneOut(columns, labels, labelCount);
  const temperature = fitTemperature(raw, labels);
  return raw.map((line) => applyTemperature(line, temperature));
}

function checked({ labels, probabilities }: NonNullable<CheckLabels["predicted"]>, places: readonly number[], rows: number): number[][] {
  if (probabilities.length !== rows)
    throw wrong(`There are ${probabilities.length} lines of probabilities for ${rows} rows; send one for each, in order.`);
  for (const [row, line] of probabilities.entries()) {
    const sum = line.reduce((total, p) => total + p, 0);
    if (line.length !== labels.length || Math.abs(sum - 1) > 0.01)
      throw wrong(
        `Line ${row + 1} of the probabilities has ${line.length} numbers that sum to ${sum}; it needs ${labels.length} that sum to 1.`,
      );
  }
  return places.map((row) => probabilities[row]!);
}
