import type { z } from "zod";
import type { ColumnContract, DataContract, tellingFeatureSchema } from "@millrace/contract";
import { rocAuc } from "../statistics/index.ts";
import type { Row, Scalar } from "./rows.ts";
import type { Split } from "./split-rows.ts";

export type TellingFeature = z.infer<typeof tellingFeatureSchema>;

const suspicious = { accuracy: 0.99, auc: 0.995, correlation: 0.999 };
const fewestRows = 50;
/** A label with fewer rows on either side can be told by chance. */
const fewestOfLabel = 10;
const mostLabels = 50;
/** Enough to tell an order of values from a perfect one; of more rows every n-th is looked at. */
const mostRows = 20_000;

export interface MeasureInput {
  readonly split: Split;
  readonly contract: DataContract;
  readonly featureColumns: readonly string[];
  readonly labelColumn?: string | undefined;
}

/**
 * What each feature alone says of the label, most first: near certainty means that it may have been written down after the answer was known.
 * Nothing is said of fewer than 50 training rows, or where one label is nearly everything, since any feature seems to know it then.
 */
export function measureFeatures({ split, contract, featureColumns, labelColumn }: MeasureInput): TellingFeature[] {
  const label = contract.columns.find((column) => column.name === labelColumn);
  if (label === undefined || split.train.length < fewestRows) return [];
  const columns = contract.columns.filter(({ name }) => featureColumns.includes(name));
  const isAmount = label.values === null && isNumeric(label);
  const labels = countValues(split.train, label.name);
  if (!isAmount && Math.max(...labels.values()) / split.train.length >= suspicious.accuracy - 0.02) return [];
  const found = columns.flatMap((column) =>
    isAmount ? measureAmount(split, column, label.name) : measureClasses(split, column, { label: label.name, labels }),
  );
  return found.sort((a, b) => Number(b.suspicious) - Number(a.suspicious) || b.value - a.value || (a.name < b.name ? -1 : 1));
}

function measureAmount({ train }: Split, column: ColumnContract, label: string): TellingFeature[] {
  if (!isNumeric(column)) return [];
  const pairs = train.flatMap(({ values }) => {
    const [x, y] = [values[column.name], values[label]];
    return typeof x === "number" && typeof y === "number" ? [{ x, y }] : [];
  });
  if (pairs.length < fewestRows) return [];
  const value = Math.abs(correlation(pairs));
  return [{ name: column.name, measure: "correlation", value, rows: pairs.length, suspicious: value >= suspicious.correlation }];
}

/** Pearson's; 0 where one of the two never changes. */
function correlation(pairs: readonly { x: number; y: number }[]): number {
  const mean = (of: (pair: { x: number; y: number }) => number) => pairs.reduce((sum, pair) => sum + of(pair) / pairs.length, 0);
  const [meanX, meanY] = [mean(({ x }) => x), mean(({ y }) => y)];
  const covariance = mean(({ x, y }) => (x - meanX) * (y - meanY));
  const spread = Math.sqrt(mean(({ x }) => (x - meanX) ** 2) * mean(({ y }) => (y - meanY) ** 2));
  return spread > 0 && Number.isFinite(spread) ? Math.min(1, Math.max(-1, covariance / spread)) : 0;
}

function measureClasses(
  split: Split,
  column: ColumnContract,
  around: { label: string; labels: ReadonlyMap<Scalar, number> },
): TellingFeature[] {
  const byValue = valueAccuracy(split, column.name, around.label);
  const accuracy: TellingFeature = {
    name: column.name,
    measure: "accuracy",
    value: byValue,
    rows: split.holdout.length,
    suspicious: byValue >= suspicious.accuracy,
  };
  const auc = isNumeric(column) ? bestAuc(split.train, column.name, around) : null;
  if (auc === null) return [accuracy];
  const ordered: TellingFeature = { name: column.name, measure: "auc", ...auc, suspicious: auc.value >= suspicious.auc };
  return [accuracy.suspicious ? accuracy : ordered];
}

/** The label that the order of a column's values tells best from all others; 0.5 is chance. */
function bestAuc(
  train: readonly Row[],
  name: string,
  { label, labels }: { label: string; labels: ReadonlyMap<Scalar, number> },
): { value: number; rows: number } | null {
  const step = Math.ceil(train.length / mostRows);
  const known = train.filter(({ values }, index) => index % step === 0 && typeof values[name] === "number");
  const scores = known.map(({ values }) => values[name] as number);
  if (labels.size > mostLabels || known.length < fewestRows) return null;
  let best: number | null = null;
  // Of two labels one says it all: the other has the same order backwards.
  const candidates = [...labels.keys()].slice(0, labels.size === 2 ? 1 : mostLabels);
  for (const candidate of candidates) {
    const isLabel = known.map(({ values }) => values[label] === candidate);
    const rows = isLabel.filter(Boolean).length;
    if (rows < fewestOfLabel || known.length - rows < fewestOfLabel) continue;
    const { value } = rocAuc(scores, isLabel);
    best = Math.max(best ?? 0.5, value, 1 - value);
  }
  return best === null ? null : { value: best, rows: known.length };
}

/** Share of held-back rows whose label is the most frequent one of their value in training. An unseen value is a miss. */
function valueAccuracy({ train, holdout }: Split, name: string, labelColumn: string): number {
  const table = new Map<Scalar, Map<Scalar, number>>();
  for (const row of train) {
    const value = row.values[name]!;
    let labels = table.get(value);
    if (labels === undefined) table.set(value, (labels = new Map()));
    const label = row.values[labelColumn]!;
    labels.set(label, (labels.get(label) ?? 0) + 1);
  }
  const right = holdout.filter((row) => {
    const labels = table.get(row.values[name]!);
    return labels !== undefined && mostFrequent(labels) === row.values[labelColumn];
  });
  return holdout.length === 0 ? 0 : right.length / holdout.length;
}

function mostFrequent<K>(counts: ReadonlyMap<K, number>): K | undefined {
  let best: K | undefined;
  let most = 0;
  for (const [key, count] of counts) if (count > most) [best, most] = [key, count];
  return best;
}

/** How often each value of a column came. */
export function countValues(rows: readonly Row[], name: string): Map<Scalar, number> {
  const counts = new Map<Scalar, number>();
  for (const { values } of rows) counts.set(values[name]!, (counts.get(values[name]!) ?? 0) + 1);
  return counts;
}

function isNumeric(column: ColumnContract): boolean {
  return column.type === "number" || column.type === "integer";
}
