import { type Trigrams, trigramsOf } from "../../gateway/index.ts";
import { hashInput } from "../idempotency.ts";
import type { Demonstration } from "../types.ts";

/** Of a text's beginning: what comes after it decides no more, and takes memory. */
const mostCharacters = 2000;

/** An example with what its nearness is measured by. */
export interface Measured {
  readonly demonstration: Demonstration;
  readonly inputHash: string;
  /** What it is compared by. */
  readonly text: string;
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
    return { demonstration, inputHash: hashInput(demonstration.input), text, trigrams: measureText(text) };
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
 * What may be shown beside a question: never an example of the same question, which would be its answer; of equal questions the first
 * given; none that only providers of another class may see.
 */
export function findShowable(measured: readonly Measured[], { input, dataClass }: Pick<RankedFor, "input" | "dataClass">): Measured[] {
  const seen = new Set([hashInput(input)]);
  return measured.filter(({ demonstration, inputHash }) => {
    if (seen.has(inputHash) || (demonstration.dataClass !== null && demonstration.dataClass !== dataClass)) return false;
    seen.add(inputHash);
    return true;
  });
}

/** The nearest, least near first: models heed most what stands next to the question. */
export function rankExamples(
  showable: readonly Measured[],
  nearness: readonly number[],
  { count, minimumNearness }: Pick<RankedFor, "count" | "minimumNearness">,
): Ranked[] {
  return showable
    .map(({ demonstration }, index) => ({ demonstration, nearness: nearness[index]! }))
    .filter((each) => each.nearness >= minimumNearness)
    .toSorted((left, right) => right.nearness - left.nearness)
    .slice(0, count)
    .toReversed();
}
