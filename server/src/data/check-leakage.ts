import { canonicalFeatures, createNearIndex, type DuplicateRule } from "./find-duplicates.ts";
import { countValues, measureFeatures, type TellingFeature } from "./measure-features.ts";
import { type Row, type Scalar, showValue } from "./rows.ts";
import type { Split, SplitRule } from "./split-rows.ts";

export interface LeakageInput {
  readonly split: Split;
  readonly splitRule: SplitRule;
  readonly rule: DuplicateRule;
  readonly timeColumn?: string | undefined;
  readonly labelColumn?: string | undefined;
}

export interface Leakage {
  /** Rows on both sides are the same, of one group, or the sides overlap in time: the split is not what was asked for. */
  readonly structural: string[];
  /** What may make the held-back rows look better predicted than new ones will be. A person has to look. */
  readonly suspicions: string[];
  readonly features: TellingFeature[];
}

const suspiciousAccuracy = 0.99;
const suspiciousShare = 0.05;
const fewestRows = 50;
const mostTokens = 200_000;

/** Looks for what would make the held-back rows look better predicted than new rows will be. */
export function checkLeakage(input: LeakageInput): Leakage {
  const { splitRule } = input;
  const features = measureFeatures({ ...input, contract: input.rule.contract, featureColumns: input.rule.featureColumns });
  const [overlap, groups] = [findOverlap(input), findSharedGroups(input)];
  const telling = features.filter(({ suspicious }) => suspicious);
  const worded = new Set(telling.map(({ name }) => name));
  return {
    structural: [...(splitRule.kind === "time" ? overlap : []), ...(splitRule.kind === "group" ? groups : []), ...findRepeats(input)],
    suspicions: [
      ...(splitRule.kind === "time" ? [] : overlap),
      ...(splitRule.kind === "group" ? [] : groups),
      ...telling.map((feature) => sayFeature(feature, input.labelColumn!)),
      ...findTellingWords(input, worded),
      ...findLateFeatures(input),
    ],
    features,
  };
}

function sayFeature({ name, measure, value, rows }: TellingFeature, label: string): string {
  switch (measure) {
    case "accuracy":
      return `the feature "${name}" alone says the label of ${percent(value)} of the held-back rows`;
    case "auc":
      return `the feature "${name}" alone puts the rows of a label in order (AUC ${value.toFixed(4)} on ${rows} training rows)`;
    case "correlation":
      return `the feature "${name}" alone is nearly "${label}" itself (correlation ${value.toFixed(4)} on ${rows} training rows)`;
  }
}

function findOverlap({ split, timeColumn }: LeakageInput): string[] {
  if (timeColumn === undefined) return [];
  let latest = "";
  for (const row of split.train) if (String(row.values[timeColumn]) > latest) latest = String(row.values[timeColumn]);
  const overlapping = split.holdout.filter((row) => String(row.values[timeColumn]) <= latest);
  return overlapping.length === 0 ? [] : [`${overlapping.length} held-back rows are not later than the last training row (${latest})`];
}

function findSharedGroups({ split, splitRule: { group } }: LeakageInput): string[] {
  if (group === undefined) return [];
  const known = countValues(split.train, group);
  known.delete(null);
  const shared = split.holdout.filter((row) => known.has(row.values[group]!));
  if (shared.length === 0) return [];
  return [`${shared.length} held-back rows are of a "${group}" that training rows have too (first: line ${shared[0]!.line})`];
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

/** Features that are instants after the row's own time: not known when the question is asked. */
function findLateFeatures({ split, rule, timeColumn }: LeakageInput): string[] {
  if (timeColumn === undefined) return [];
  const rows = [...split.train, ...split.holdout];
  const instants = rule.contract.columns.filter(({ name, type }) => type === "instant" && rule.featureColumns.includes(name));
  return instants.flatMap(({ name }) => {
    const dated = rows.filter(({ values }) => values[name] !== null);
    const late = dated.filter(({ values }) => String(values[name]) > String(values[timeColumn]));
    if (late.length === 0 || late.length < dated.length * suspiciousShare) return [];
    return [`the feature "${name}" is later than "${timeColumn}" in ${late.length} of ${dated.length} rows (first: line ${late[0]!.line})`];
  });
}

function findTellingWords({ split, rule, labelColumn }: LeakageInput, known: ReadonlySet<string>): string[] {
  if (labelColumn === undefined || split.train.length < fewestRows) return [];
  const majority = Math.max(...countValues(split.train, labelColumn).values()) / split.train.length;
  // Where one label is nearly everything, any word seems to know it.
  if (majority >= suspiciousAccuracy - 0.02) return [];
  return rule.featureColumns.flatMap((name) => {
    const word = known.has(name) ? null : tellingWord(split.train, name, labelColumn);
    return word === null
      ? []
      : [`the word ${showValue(word.word)} in "${name}" alone says the label of ${percent(word.accuracy)} of the rows`];
  });
}

/** The word whose presence or absence splits the rows by label best, if it is nearly perfect. */
function tellingWord(rows: readonly Row[], name: string, labelColumn: string): { word: string; accuracy: number } | null {
  const totals = countValues(rows, labelColumn);
  const table = new Map<string, Map<Scalar, number>>();
  for (const row of rows) {
    const label = row.values[labelColumn]!;
    const text = row.values[name];
    if (typeof text !== "string") continue;
    for (const word of new Set(text.toLowerCase().match(/[\p{L}\p{N}_-]{2,40}/gu) ?? [])) {
      let labels = table.get(word);
      if (labels === undefined) {
        if (table.size >= mostTokens) continue;
        table.set(word, (labels = new Map()));
      }
      labels.set(label, (labels.get(label) ?? 0) + 1);
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
