import { estimateText } from "../budgets/estimate-tokens.ts";
import type { EmbeddingInput } from "./types.ts";

/** Of one request to a provider: OpenAI takes 300,000 tokens, and our estimate is rough. */
const maxTokens = 200_000;

/** About how many tokens an input is. */
export function estimateInput(input: EmbeddingInput): number {
  return typeof input === "string" ? estimateText(input) : input.length;
}

/** In order, as few as fit the bounds; an input that is larger than a batch may be goes alone. */
export function inBatches<Item extends { readonly input: EmbeddingInput }>(items: readonly Item[], maxInputs: number): Item[][] {
  const batches: Item[][] = [];
  let tokens = 0;
  for (const item of items) {
    const size = estimateInput(item.input);
    const last = batches.at(-1);
    if (last === undefined || last.length >= maxInputs || tokens + size > maxTokens) {
      batches.push([item]);
      tokens = size;
    } else {
      last.push(item);
      tokens += size;
    }
  }
  return batches;
}
