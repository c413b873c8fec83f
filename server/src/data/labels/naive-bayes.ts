import { quantile, sorted } from "../../statistics/index.ts";

/** Tokens of a column fall into this many places; two that share one are taken for the same. */
const places = 1 << 16;
const bins = 10;
/** Half a row of each token is taken to have been seen with each label. */
const smoothing = 0.5;

type Column = readonly unknown[];

/**
 * Probabilities of every label for every row by naive Bayes, each row left out of the counts it is judged by (leave-one-out, in closed form),
 * so they are out of sample. Text is the words and pairs of words it has; a number is the tenth of its column it lies in; a missing value is a
 * token of its own. Tokens count within their column.
 *
 * `labels[row]` is the place of the row's label among `labelCount`. Not calibrated: naive Bayes is too sure of itself.
 */
export function leaveOneOut(columns: readonly Column[], labels: readonly number[], labelCount: number): number[][] {
  const prior = new Float64Array(labelCount);
  for (const label of labels) prior[label]! += 1;
  const scores = labels.map((own) => Array.from(prior, (rows, label) => Math.log(rows - (label === own ? 1 : 0) + smoothing)));
  for (const column of columns) addColumn(scores, tokenize(column), { labels, labelCount });
  return scores.map(normalise);
}

function addColumn(scores: number[][], tokens: readonly Uint32Array[], rows: { labels: readonly number[]; labelCount: number }): void {
  const { labels, labelCount } = rows;
  const counts = new Float64Array(places * labelCount);
  const totals = new Float64Array(labelCount);
  const known = new Uint8Array(places);
  for (const [row, list] of tokens.entries()) {
    totals[labels[row]!]! += list.length;
    for (const token of list) {
      counts[token * labelCount + labels[row]!]! += 1;
      known[token] = 1;
    }
  }
  const vocabulary = known.reduce((sum, is) => sum + is, 0) * smoothing;
  const logs = counts.map((count) => Math.log(count + smoothing));
  for (const [row, list] of tokens.entries()) {
    const own = labels[row]!;
    // A long text says the same thing many times over; its weight grows with the root of its length only.
    const weight = 1 / Math.sqrt(Math.max(1, list.length));
    const line = scores[row]!;
    for (let label = 0; label < labelCount; label++) {
      const isOwn = label === own;
      let sum = -list.length * Math.log(totals[label]! - (isOwn ? list.length : 0) + vocabulary);
      for (const token of list) {
        const at = token * labelCount + label;
        sum += isOwn ? Math.log(counts[at]! - 1 + smoothing) : logs[at]!;
      }
      line[label]! += weight * sum;
    }
  }
}

function normalise(scores: readonly number[]): number[] {
  const top = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(score - top));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

/** Each token of a row once. */
function tokenize(column: Column): Uint32Array[] {
  const known = column.filter((value) => value !== null && value !== undefined);
  if (known.length > 0 && known.every((value) => typeof value === "number")) {
    const order = sorted(known);
    const edges = Array.from({ length: bins - 1 }, (_, index) => quantile(order, (index + 1) / bins));
    return column.map((value) => Uint32Array.of(typeof value === "number" ? edges.filter((edge) => value > edge).length : bins));
  }
  return column.map((value) => {
    if (value === null || value === undefined) return Uint32Array.of(hash("\u0000"));
    const words = String(value)
      .toLowerCase()
      .match(/[\p{L}\p{N}]+|[^\s\p{L}\p{N}]/gu) ?? [""];
    const tokens = new Set<number>();
    for (const [at, word] of words.entries()) {
      tokens.add(hash(word));
      if (at > 0) tokens.add(hash(`${words[at - 1]!} ${word}`));
    }
    return Uint32Array.from(tokens);
  });
}

/** FNV-1a over code units, folded to the number of places. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  return ((value >>> 16) ^ value) & (places - 1);
}
