import type { ContentPart, LogProbability } from "../../types.ts";
import { unsigned, writeEncrypted } from "../signatures.ts";
import { writeLogProbabilities } from "./log-probabilities.ts";

export type Out = Record<string, unknown>;
export type Status = "in_progress" | "completed" | "incomplete";

/** Long enough to be one of its kind, short enough for the API. */
export function itemId(kind: "msg" | "fc" | "rs", responseId: string, index: number): string {
  return `${kind}_${responseId.slice(0, 48)}_${index}`;
}

export function messageItem(id: string, status: Status, content: readonly Out[]): Out {
  return { id, type: "message", status, role: "assistant", content };
}

export function textPart(text: string, logProbabilities: readonly LogProbability[] = []): Out {
  return { type: "output_text", text, annotations: [], logprobs: writeLogProbabilities(logProbabilities) };
}

export function refusalPart(refusal: string): Out {
  return { type: "refusal", refusal };
}

export function callItem(id: string, status: Status, call: { id: string; name: string; arguments: string }): Out {
  return { id, type: "function_call", status, call_id: call.id, name: call.name, arguments: call.arguments };
}

/** A thought that may be read has a summary, one that may not has none. */
export function reasoningItem(id: string, text: string | undefined, signature: string | undefined): Out {
  return {
    id,
    type: "reasoning",
    summary: text === undefined ? [] : [{ type: "summary_text", text }],
    // While it comes, nobody knows whether it will be signed.
    ...(text === undefined && signature === undefined
      ? {}
      : { encrypted_content: signature === undefined ? unsigned : writeEncrypted(signature) }),
  };
}

/** The items of a whole answer: what was said in a row is one message. */
export function writeOutput(
  content: readonly ContentPart[],
  { id, logProbabilities, isWhole }: { id: string; logProbabilities: readonly LogProbability[] | undefined; isWhole: boolean },
): Out[] {
  const items: Out[] = [];
  let said: Out[] | undefined;
  let logs = logProbabilities;
  for (const [index, part] of content.entries()) {
    if (part.type === "text" || part.type === "refusal") {
      if (said === undefined) items.push(messageItem(itemId("msg", id, items.length), "completed", (said = [])));
      said.push(part.type === "text" ? textPart(part.text, logs) : refusalPart(part.text));
      if (part.type === "text") logs = undefined;
      // What breaks off is the last of it.
      if (!isWhole && index === content.length - 1) items.at(-1)!["status"] = "incomplete";
      continue;
    }
    said = undefined;
    const item = writeItem(part, id, items.length);
    if (item !== undefined) items.push(item);
  }
  return items;
}

function writeItem(part: ContentPart, id: string, index: number): Out | undefined {
  if (part.type === "tool-call") return callItem(itemId("fc", id, index), "completed", part);
  if (part.type === "thinking") return reasoningItem(itemId("rs", id, index), part.text, part.signature);
  if (part.type === "redacted-thinking") return reasoningItem(itemId("rs", id, index), undefined, part.data);
  // Another dialect's extras say nothing here, and no other part is said by a model.
  return part.type === "foreign" && part.dialect === "openai-responses" ? (part.value as Out) : undefined;
}
