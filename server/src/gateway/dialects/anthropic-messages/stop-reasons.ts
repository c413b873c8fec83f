import type { ChatAnswer, FinishReason } from "../../types.ts";

const finishes = new Map<unknown, FinishReason>([
  ["end_turn", "stop"],
  ["stop_sequence", "stop"],
  ["max_tokens", "length"],
  ["model_context_window_exceeded", "length"],
  ["tool_use", "tool-calls"],
  ["refusal", "refusal"],
  ["pause_turn", "pause"],
]);

/** A reason we do not know is not guessed to be a good one. */
export function readStopReason(reason: unknown): FinishReason {
  return finishes.get(reason) ?? "unknown";
}

export function writeStopReason({ finish, stopSequence }: Pick<ChatAnswer, "finish" | "stopSequence">): string | null {
  switch (finish) {
    case "stop":
      return stopSequence === undefined ? "end_turn" : "stop_sequence";
    case "length":
      return "max_tokens";
    case "tool-calls":
      return "tool_use";
    // The API's one word for an answer withheld.
    case "filter":
    case "refusal":
      return "refusal";
    case "pause":
      return "pause_turn";
    case "unknown":
      return null;
  }
}
