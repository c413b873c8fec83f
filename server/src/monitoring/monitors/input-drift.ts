import { categoryCounts, chiSquare, kolmogorovSmirnov, shares } from "../../statistics/index.ts";
import type { ByLabel } from "../input-profile.ts";
import { percent, unbiasedDistance } from "./output-drift.ts";
import { chance, type Measure, type Monitor, type MonitorInput, strongChance } from "./types.ts";

/** A label with fewer rows on either side is not compared. */
const fewestRows = 30;
const strongFactor = 5 / 3;
const strongUnseenFactor = 8 / 3;

/**
 * Inputs against the reference's, label by label, so that a changed mix of labels alone is no change of inputs: numbers and
 * text lengths by Kolmogorov-Smirnov, categories by Jensen-Shannon, and the share of words the reference never used.
 */
export const inputDrift: Monitor = {
  name: "input-drift",
  measure(input) {
    if (input.reference === null) return [];
    const { inputs: reference } = input.reference;
    const { inputs: window } = input.window;
    return [
      ...Object.keys(reference.numbers).flatMap((name) => compareNumbers(name, [reference.numbers[name]!, window.numbers[name]], input)),
      ...Object.keys(reference.unseen).flatMap((name) => compareUnseen(name, [reference.unseen[name]!, window.unseen[name]], input)),
      ...Object.keys(reference.categories).flatMap((name) =>
        compareCategories(name, [reference.categories[name]!, window.categories[name]], input),
      ),
    ];
  },
};

interface Part {
  readonly label: string;
  readonly effect: number;
  readonly pValue: number;
  readonly n: number;
  readonly words: string;
}

function compareNumbers(
  name: string,
  sides: readonly [ByLabel<readonly number[]>, ByLabel<readonly number[]> | undefined],
  input: MonitorInput,
): Measure[] {
  const parts = pairs(
    sides,
    (values) => values.length,
    (values) => values.flat(),
  ).map(([label, from, to]): Part => {
    const { statistic, pValue } = kolmogorovSmirnov(from, to);
    return { label, effect: statistic, pValue, n: to.length, words: `median ${show(median(to))}, ${show(median(from))} before` };
  });
  return combine(name, parts, {
    threshold: input.settings.inputChange,
    strongAt: input.settings.inputChange * strongFactor,
    name: input.reference!.name,
  });
}

function compareUnseen(
  name: string,
  sides: readonly [ByLabel<readonly number[]>, ByLabel<readonly number[]> | undefined],
  input: MonitorInput,
): Measure[] {
  const parts = pairs(
    sides,
    (values) => values.length,
    (values) => values.flat(),
  ).map(([label, from, to]): Part => {
    const { pValue } = kolmogorovSmirnov(from, to);
    return {
      label,
      effect: mean(to) - mean(from),
      pValue,
      n: to.length,
      words: `${Math.round(mean(to) * 100)}% new, ${Math.round(mean(from) * 100)}% before`,
    };
  });
  return combine(name, parts, {
    threshold: input.settings.unseenWords,
    strongAt: input.settings.unseenWords * strongUnseenFactor,
    name: input.reference!.name,
  });
}

type Counts = Readonly<Record<string, number>>;

function compareCategories(name: string, sides: readonly [ByLabel<Counts>, ByLabel<Counts> | undefined], input: MonitorInput): Measure[] {
  const size = (counts: Counts) => Object.values(counts).reduce((sum, count) => sum + count, 0);
  const parts = pairs(sides, size, addCounts).map(([label, from, to]): Part => {
    const counts = categoryCounts(from, to);
    const { pValue } = chiSquare(counts.reference, counts.current);
    return {
      label,
      effect: unbiasedDistance(counts.reference, counts.current),
      pValue,
      n: size(to),
      words: describeCategories(from, to),
    };
  });
  return combine(name, parts, {
    threshold: input.settings.inputChange,
    strongAt: input.settings.inputChange * strongFactor,
    name: input.reference!.name,
  });
}

/** Reference and window by label; all labels together when no single one has enough rows on both sides. */
function pairs<T>(
  [reference, window]: readonly [ByLabel<T>, ByLabel<T> | undefined],
  size: (value: T) => number,
  join: (values: T[]) => T,
): [string, T, T][] {
  if (window === undefined) return [];
  const common = Object.keys(reference).filter(
    (label) => window[label] !== undefined && size(reference[label]!) >= fewestRows && size(window[label]!) >= fewestRows,
  );
  if (common.length > 0) return common.map((label) => [label, reference[label]!, window[label]!]);
  const [from, to] = [join(Object.values(reference)), join(Object.values(window))];
  return size(from) >= fewestRows && size(to) >= fewestRows ? [["any label", from, to]] : [];
}

function addCounts(all: Counts[]): Counts {
  const sum: Record<string, number> = {};
  for (const counts of all) for (const [category, count] of Object.entries(counts)) sum[category] = (sum[category] ?? 0) + count;
  return sum;
}

/** One measure of the parts: the effect averaged by rows, the smallest p-value times the number of parts (Bonferroni). */
function combine(name: string, parts: readonly Part[], limits: { threshold: number; strongAt: number; name: string }): Measure[] {
  if (parts.length === 0) return [];
  const n = parts.reduce((sum, part) => sum + part.n, 0);
  const value = parts.reduce((sum, part) => sum + part.effect * part.n, 0) / n;
  const pValue = Math.min(1, Math.min(...parts.map((part) => part.pValue)) * parts.length);
  return [
    {
      monitor: "input-drift",
      measure: name,
      value,
      threshold: limits.threshold,
      pValue,
      n,
      detail: `against ${limits.name}: ${parts
        .slice(0, 3)
        .map((part) => `${part.label}: ${part.words}`)
        .join("; ")}`,
      exceeded: value >= limits.threshold && pValue < chance,
      strong: value >= limits.strongAt && pValue < strongChance,
    },
  ];
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

/** The commonest value now and before; where it stayed the same, the value whose share moved most. */
function describeCategories(from: Counts, to: Counts): string {
  const [now, before] = [mostFrequent(to), mostFrequent(from)];
  if (now !== before) return `most often "${now}", "${before}" before`;
  const { categories, reference, current } = categoryCounts(from, to);
  const [sharesBefore, sharesNow] = [shares(reference), shares(current)];
  const moves = categories.map((value, index) => ({ value, now: sharesNow[index]!, before: sharesBefore[index]! }));
  const most = moves.reduce((best, each) => (Math.abs(each.now - each.before) > Math.abs(best.now - best.before) ? each : best));
  return `"${most.value}" ${percent(most.now)}, ${percent(most.before)} before`;
}

function mostFrequent(counts: Counts): string {
  return Object.entries(counts).reduce((best, each) => (each[1] > best[1] ? each : best), ["nothing", 0] as [string, number])[0];
}

function show(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toPrecision(3);
}
