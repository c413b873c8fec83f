import { createRandom } from "../core/index.ts";
import type { Column } from "./columns.ts";
import { type InputColumn, readColumn } from "./read-columns.ts";
import type { TrainingRows } from "./trainers/index.ts";

const topics = [
  { label: "spam", words: ["free money", "your prize waits", "cheap loans now"] },
  { label: "ham", words: ["re: meeting", "lunch?", "patch for the kernel"] },
];

/** Rows of two labels that a classifier can tell apart; for tests. */
export function makeRows(count: number, seed: number): { columns: { subject: string[]; body: string[] }; labels: string[] } {
  const random = createRandom(seed);
  const drawn = Array.from({ length: count }, () => {
    const { label, words } = topics[random.integer(topics.length)]!;
    const words2 = `${words[random.integer(words.length)]} ${words[random.integer(words.length)]}`;
    return { label, subject: `${words[random.integer(words.length)]} ${random.integer(50)}`, body: `${words2}\n${random.integer(9)}` };
  });
  return {
    columns: { subject: drawn.map((row) => row.subject), body: drawn.map((row) => row.body) },
    labels: drawn.map((row) => row.label),
  };
}

/** Columns of text by name, as trainers take them. */
export function textColumns(columns: Readonly<Record<string, readonly unknown[]>>): Column[] {
  return Object.entries(columns).map(([name, values]) => readColumn({ name, type: "text" }, values));
}

/** Labelled rows as trainers take them; the columns are texts unless `types` says otherwise. */
export function classificationRows(
  columns: Readonly<Record<string, readonly unknown[]>>,
  truth: readonly string[],
  types: Readonly<Record<string, InputColumn["type"]>> = {},
): TrainingRows {
  const labels = [...new Set(truth)].sort();
  return {
    task: "classification",
    count: truth.length,
    columns: Object.entries(columns).map(([name, values]) => readColumn({ name, type: types[name] ?? "text" }, values)),
    target: Float64Array.from(truth, (label) => labels.indexOf(label)),
    labels,
  };
}

/** Rows with a number to predict; the columns are numbers unless `types` says otherwise. */
export function regressionRows(
  columns: Readonly<Record<string, readonly unknown[]>>,
  target: readonly number[],
  types: Readonly<Record<string, InputColumn["type"]>> = {},
): TrainingRows {
  return {
    task: "regression",
    count: target.length,
    columns: Object.entries(columns).map(([name, values]) => readColumn({ name, type: types[name] ?? "number" }, values)),
    target: Float64Array.from(target),
    labels: [],
  };
}
