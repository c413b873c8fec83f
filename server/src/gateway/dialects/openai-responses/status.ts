import type { FinishReason } from "../../types.ts";

type Out = Record<string, unknown>;

/** Why a response ended, by its status; whether it called a function is in its output. */
export function readFinish(response: { status?: unknown; incomplete_details?: unknown }, called: boolean): FinishReason {
  if (response.status === "completed") return called ? "tool-calls" : "stop";
  if (response.status !== "incomplete") return "unknown";
  const reason = (response.incomplete_details as { reason?: unknown } | null | undefined)?.reason;
  if (reason === "max_output_tokens") return "length";
  return reason === "content_filter" ? "filter" : "unknown";
}

const reasons: Partial<Record<FinishReason, string>> = {
  length: "max_output_tokens",
  // Not whole: the word for that is the same.
  pause: "max_output_tokens",
  filter: "content_filter",
  // What was withheld was withheld: a reader of this format knows it by this word only.
  refusal: "content_filter",
};

/** Only what is known to be whole is `completed`. */
export function writeStatus(finish: FinishReason): Out & { status: "completed" | "incomplete" } {
  if (finish === "stop" || finish === "tool-calls") return { status: "completed", incomplete_details: null };
  const reason = reasons[finish];
  return { status: "incomplete", incomplete_details: reason === undefined ? null : { reason } };
}
