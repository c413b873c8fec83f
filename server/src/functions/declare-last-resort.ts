import type { LastGoodSpec } from "./variants/last-resort-spec.ts";

/** A plain, fixed answer: the end of a chain, so that a caller always gets one. It must keep the output schema. */
export function message<const O>(options: { output: O }) {
  return { kind: "message" as const, ...options };
}

/** The newest answer that `of` gave the same caller for the same input, at most `maxAgeSeconds` old; abstains when there is none. */
export function lastGood(options: Omit<LastGoodSpec, "kind">) {
  return { kind: "last-good" as const, ...options };
}
