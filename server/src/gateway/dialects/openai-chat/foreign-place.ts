import type { ForeignPart } from "../../types.ts";

/** What a foreign part of this dialect was: a whole message, a part of its content, a tool call, or a field of the message. */
export type Place = "message" | "part" | "call" | "field";

/** Told by its path, because a value may look like anything. */
export function placeOf({ path }: ForeignPart): Place {
  if (/^messages\.\d+$/.test(path)) return "message";
  if (/^messages\.\d+\.content\.\d+$/.test(path)) return "part";
  return /^messages\.\d+\.tool_calls\.\d+$/.test(path) ? "call" : "field";
}
