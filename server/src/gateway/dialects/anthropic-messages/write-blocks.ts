import type { ChatEvent } from "../../types.ts";

export type Piece = Extract<ChatEvent, { part: number }>;

/** What a block begins with. */
export function blockStart(piece: Piece): Record<string, unknown> | undefined {
  switch (piece.type) {
    case "text":
    case "refusal":
      return { type: "text", text: "" };
    case "thinking":
    case "signature":
      return { type: "thinking", thinking: "", signature: "" };
    case "redacted-thinking":
      return { type: "redacted_thinking", data: piece.data };
    case "tool-call":
      return { type: "tool_use", id: piece.id, name: piece.name, input: {} };
    // Of a call that never began, or is over; and what another dialect knows alone.
    case "arguments":
    case "foreign":
      return undefined;
  }
}

/** What it goes on with; undefined when its start said it all. */
export function blockDelta(piece: Piece): Record<string, unknown> | undefined {
  switch (piece.type) {
    case "text":
    case "refusal":
      return { type: "text_delta", text: piece.text };
    case "thinking":
      return { type: "thinking_delta", thinking: piece.text };
    case "signature":
      return { type: "signature_delta", signature: piece.signature };
    case "arguments":
      return { type: "input_json_delta", partial_json: piece.text };
    case "tool-call":
    case "redacted-thinking":
    case "foreign":
      return undefined;
  }
}
