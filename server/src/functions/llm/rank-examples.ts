import { type Trigrams, similarityOf, trigramsOf } from "../../gateway/index.ts";
import { hashInput } from "../idempotency.ts";
import type { Demonstration } from "../types.ts";

/** Of a text's beginning: what comes after it decides no more, and takes memory. */
const mostCharacters = 2000;

/** An example with what its nearness is measured by. */
export interface Measured {
  readonly demonstration: Demonstration;
  readonly inputHash: string;
  readonly trigrams: Trigrams;
}

export interface Ranked {
  readonly demonstration: Demonstration;
  /** In [0, 1]. */
  readonly nearness: number;
}

export interface RankedFor {
  readonly input: Record<string, unknown>;
  readonly count: number;
  readonly minimumNearness: number;
  /** The class its caller raised the call to, if any. */
  readonly dataClass: string | undefined;
}

/** Measures what is new and keeps what is known: texts are read once, not with each call. */
export function createMeasure(textOf: (input: Record<string, unknown>) => string | undefined) {
  let known: ReadonlyMap<string, Measured> = new Map();
  let last: readonly Demonstration[] | undefined;

  function measureOne(demonstration: Demonstration): Measured | undefined {
    const before = known.get(demonstration.inferenceId);
    if (before !== undefined) return { ...before, demonstration };
    const text = textOf(demonstration.input);
    if (text === undefined) return undefined;
    return { demonstration, inputHash: hashInput(demonstration.input), trigrams: measureText(text) };
  }

  return (demonstrations: readonly Demonstration[]): Measured[] => {
    if (demonstrations !== last) {
      const measured = demonstrations.flatMap((each) => measureOne(each) ?? []);
      known = new Map(measured.map((each) => [each.demonstration.inferenceId, each]));
      last = demonstrations;
    }
    return [...known.values()];
  };
}

export function measureText(text: string): Trigrams {
  return trigramsOf(text.slice(0, mostCharacters));
}

/**
 * The nearest, least near first: models heed most what stands next to the question. Never an example of the same question, which
 * would be its answer; of equal questions the first given; none that only providers of another class may see.
 */
export function rankExamples(measured: readonly Measured[], asked: Trigrams, wanted: RankedFor): Ranked[] {
  const seen = new Set([hashInput(wanted.input)]);
  const ranked: Ranked[] = [];
  for (const { demonstration, inputHash, trigrams } of measured) {
    const { dataClass } = demonstration;
    if (seen.has(inputHash) || (dataClass !== null && dataClass !== wanted.dataClass)) continue;
    seen.add(inputHash);
    const nearness = similarityOf(asked, trigrams);
    if (nearness >= wanted.minimumNearness) ranked.push({ demonstration, nearness });
  }
  return ranked
    .toSorted((left, right) => right.nearness - left.nearness)
    .slice(0, wanted.count)
    .toReversed();
}
