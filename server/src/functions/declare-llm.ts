import type { ExamplesSpec } from "./variants/examples-spec.ts";
import type { BestOfSpec, LlmOptions } from "./variants/llm-spec.ts";

/** A variant answered by a foundation model. Write the input's type in functions: `prompt: (input: Mail) => ...`. */
export function llm<I = never, O = never>(options: LlmOptions<I, O>) {
  return { kind: "llm" as const, ...options };
}

/** The best of several answers of another variant, by a score of your own: higher is better. */
export function bestOf<I = never, O = never>(options: Omit<BestOfSpec<I, O>, "kind">) {
  return { kind: "best-of" as const, ...options };
}

/** An llm variant that is shown the nearest good answers of earlier, as turns before its question. */
export function examples<O = never>(options: Omit<ExamplesSpec<O>, "kind" | "from"> & { readonly from?: "feedback" }) {
  return { kind: "examples" as const, from: "feedback" as const, ...options };
}
