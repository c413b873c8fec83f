import type { CallOutcome } from "../stage.ts";
import type { ChatAnswer } from "../types.ts";

/** How sure a model was of its answer. */
export interface Confidence {
  /** The geometric mean of the probabilities of its tokens; null where the provider tells none. */
  readonly value: number | null;
  /** Why the answer is no good, whatever the probabilities say. */
  readonly flaw: "failed" | "empty" | "refusal" | "length" | "filter" | null;
}

export function confidenceOf({ answer, error }: Pick<CallOutcome, "answer" | "error">): Confidence {
  if (error !== null || answer === null) return { value: null, flaw: "failed" };
  return { value: meanProbability(answer), flaw: flawOf(answer) };
}

function meanProbability({ logProbabilities = [] }: ChatAnswer): number | null {
  if (logProbabilities.length === 0) return null;
  const mean = logProbabilities.reduce((sum, { value }) => sum + value, 0) / logProbabilities.length;
  // Some servers round a certain token to a little over 0.
  return Math.min(1, Math.exp(mean));
}

function flawOf({ content, finish }: ChatAnswer): Confidence["flaw"] {
  if (finish === "length" || finish === "filter" || finish === "refusal") return finish;
  if (content.some(({ type }) => type === "refusal")) return "refusal";
  const says = content.some(
    (part) => (part.type === "text" && part.text.trim() !== "") || part.type === "tool-call" || part.type === "foreign",
  );
  return says ? null : "empty";
}

export function isSure(
  { value, flaw }: Confidence,
  { minimumConfidence, unknown }: { minimumConfidence: number; unknown: "sure" | "unsure" },
): boolean {
  if (flaw !== null) return false;
  return value === null ? unknown === "sure" : value >= minimumConfidence;
}

/** For the evidence, where the provider told how likely the tokens were. */
export function noteConfidence(answer: ChatAnswer): Pick<CallOutcome, "notes"> {
  const confidence = meanProbability(answer);
  return confidence === null ? {} : { notes: { confidence } };
}
