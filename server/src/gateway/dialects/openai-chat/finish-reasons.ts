import type { FinishReason } from "../../types.ts";

const canonical: Readonly<Record<string, FinishReason>> = {
  stop: "stop",
  length: "length",
  tool_calls: "tool-calls",
  function_call: "tool-calls",
  content_filter: "filter",
};

const written: Readonly<Record<FinishReason, string>> = {
  stop: "stop",
  length: "length",
  "tool-calls": "tool_calls",
  filter: "content_filter",
  // What was withheld was withheld: a reader of this format knows it by this word only.
  refusal: "content_filter",
  // Not whole: the word for that is `length`.
  pause: "length",
  unknown: "stop",
};

export function parseFinish(reason: unknown): FinishReason {
  return typeof reason === "string" && Object.hasOwn(canonical, reason) ? canonical[reason]! : "unknown";
}

export function writeFinish(finish: FinishReason): string {
  return written[finish];
}
