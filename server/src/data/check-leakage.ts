import { canonicalFeatures, createNearIndex, type DuplicateRule } from "./find-duplicates.ts";
import { type Row, type Scalar, showValue } from "./rows.ts";
import type { Split } from "./split-rows.ts";

export interface LeakageInput {
  readonly split: Split;
  readonly rule: DuplicateRule;
  readonly timeColumn: string;
  readonly labelColumn?: string | undefined;
}

export interface Leakage {
  /** Rows on both sides are the same, or the sides overlap in time: the split is wrong. */
  readonly structural: string[];
  /** A feature alone says the label: the data may be wrong, or the task easy. A person has to look. */
  readonly suspicions: string[];
}

const suspiciousAccuracy = 0.99;
const fewestRows = 50;
const mostTokens = 200_000;

/** Looks for what would make the held-back rows look better predicted than new rows will be. */
export function checkLeakage(input: LeakageInput): Leakage {
  return { structural: [...findOverlap(input), ...findRepeats(input)], suspicions: findTellingFeatures(input) };
}

function findOverlap({ split, timeColumn }: LeakageInput): string[] {
  let latest = "";
  for (const row of split.train) if (String(row.values[timeColumn]) > latest) latest = String(row.values[timeColumn]);
  const overlapping = split.holdout.filter((row) => String(row.values[timeColumn]) <= latest);
  return overlapping.length === 0 ? [] : [`${overlapping.length} held-back rows are not later than the last training row (${latest})`];
}

function findRepeats({ split, rule }: LeakageInput): string[] {
  const known = new Set(split.train.map((row) => canonicalFeatures(row, rule.featureColumns)));
  const index = createNearIndex(rule);
  for (const row of split.train) index(row);
  const train = new Set<Row>(split.train);
  const exact = split.holdout.filter((row) => known.has(canonicalFeatures(row, rule.featureColumns)));
  const near = split.holdout.filter((row) => {
    const similar = index(row);
    return similar !== null && train.has(similar.item);
  });
  const problems: string[] = [];
  if (exact.length > 0) problems.push(`${exact.length} held-back rows are also training rows (first: line ${exact[0]!.line})`);
  if (near.length > exact.length)
    problems.push(`${near.length - exact.length} held-back rows are nearly training rows (first: line ${near[0]!.line})`);
  return problems;
}

/** A value, or a word, and how often it came with each label. */
type Table = Map<Scalar, Map<Scalar, number>>;

function findTellingFeatures({ split, rule, labelColumn }: LeakageInput): string[] {
  if (labelColumn === undefined || split.train.length < fewestRows) return [];
  const labels = new Map<Scalar, number>();
  for (const row of split.train) add(labels, row.values[labelColumn]!);
  const majority = Math.max(...labels.values()) / split.train.length;
  // Where one label is nearly everything, any feature seems to know it.
  if (majority >= suspiciousAccuracy - 0.02) return [];
  return rule.featureColumns.flatMap((name) => {
    const byValue = valueAccuracy(split, name, labelColumn);
    if (byValue >= suspiciousAccuracy) return [`the feature "${name}" alone says the label of ${percent(byValue)} of the held-back rows`];
    const word = tellingWord(split.train, name, labelColumn);
    return word === null
      ? []
      : [`the word ${showValue(word.word)} in "${name}" alone says the label of ${percent(word.accuracy)} of the rows`];
  });
}

function add<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** Share of held-back rows whose label is the most frequent one of their value in training. An unseen value is a miss. */
function valueAccuracy({ train, holdout }: Split, name: string, labelColumn: string): number {
  const table: Table = new Map();
  for (const row of train) {
    const value = row.values[name]!;
    let labels = table.get(value);
    if (labels === undefined) table.set(value, (labels = new Map()));
    add(labels, row.values[labelColumn]!);
  }
  let right = 0;
  for (const row of holdout) {
    const labels = table.get(row.values[name]!);
    if (labels !== undefined && mostFrequent(labels) === row.values[labelColumn]) right += 1;
  }
  return holdout.length === 0 ? 0 : right / holdout.length;
}

function mostFrequent<K>(counts: Map<K, number>): K | undefined {
  let best: K | undefined;
  let most = 0;
  for (const [key, count] of counts) if (count > most) [best, most] = [key, count];
  return best;
}

/** The word whose presence or absence splits the rows by label best, if it is nearly perfect. */
function tellingWord(rows: readonly Row[], name: string, labelColumn: string): { word: string; accuracy: number } | null {
  const totals = new Map<Scalar, number>();
  const table = new Map<string, Map<Scalar, number>>();
  for (const row of rows) {
    const label = row.values[labelColumn]!;
    add(totals, label);
    const text = row.values[name];
    if (typeof text !== "string") continue;
    for (const word of new Set(text.toLowerCase().match(/[\p{L}\p{N}_-]{2,40}/gu) ?? [])) {
      let labels = table.get(word);
      if (labels === undefined) {
        if (table.size >= mostTokens) continue;
        table.set(word, (labels = new Map()));
      }
      add(labels, label);
    }
  }
  let best: { word: string; accuracy: number } | null = null;
  for (const [word, labels] of table) {
    const within = Math.max(...labels.values());
    let without = 0;
    for (const [label, total] of totals) without = Math.max(without, total - (labels.get(label) ?? 0));
    const accuracy = (within + without) / rows.length;
    if (accuracy >= suspiciousAccuracy && accuracy > (best?.accuracy ?? 0)) best = { word, accuracy };
  }
  return best;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}
