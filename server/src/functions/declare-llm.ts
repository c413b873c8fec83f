import type { BestOfSpec, LlmOptions } from "./variants/llm-spec.ts";

/** A variant answered by a foundation model. Write the input's type in functions: `prompt: (input: Mail) => ...`. */
export function llm<I = never, O = never>(options: LlmOptions<I, O>) {
  return { kind: "llm" as const, ...options };
}

/** The best of several answers of another variant, by a score of your own: higher is better. */
export function bestOf<I = never, O = never>(options: Omit<BestOfSpec<I, O>, "kind">) {
  return { kind: "best-of" as const, ...options };
}
