import type { ChatMessage, ContentPart, TextPart } from "../../types.ts";
import { placed } from "../paths.ts";
import { invalidRequest, read } from "../openai-chat/refuse.ts";
import { readEncrypted, unsigned } from "../signatures.ts";
import { foreign, parseContent } from "./parse-parts.ts";
import { hasOnly } from "./refuse.ts";
import { type RawItem, functionCallSchema, functionOutputSchema, reasoningSchema } from "./request-schema.ts";

export interface Conversation {
  readonly system: TextPart[];
  readonly messages: ChatMessage[];
}

/**
 * Items in messages: what the assistant thought, said and called in a row is one message, and so are outputs of functions. A system
 * message between others stays where it is, as a foreign part: moved to the front it would mean something else.
 */
export function parseItems(items: readonly RawItem[]): Conversation {
  const system: TextPart[] = [];
  const messages: { role: "user" | "assistant"; content: ContentPart[] }[] = [];
  let last: "assistant" | "output" | "user" | undefined;

  function add(kind: "assistant" | "output" | "user", parts: readonly ContentPart[]): void {
    if (kind !== "user" && kind === last) messages.at(-1)!.content.push(...parts);
    else messages.push({ role: kind === "assistant" ? "assistant" : "user", content: [...parts] });
    last = kind;
  }

  for (const [index, item] of items.entries()) {
    const path = `input.${index}`;
    const type = item.type ?? "message";
    // As we gave it to a caller who sends all of an answer back.
    if (type === "reasoning" && item["encrypted_content"] === unsigned) continue;
    if (type !== "message") add(type.endsWith("_output") ? "output" : "assistant", [placed(parseItem(type, item, path), path)]);
    else if (item.role === "assistant") add("assistant", parseMessage(item, path));
    else if (item.role === "user") add("user", parseMessage(item, path));
    else if (item.role === "system" || item.role === "developer") {
      const content = parseMessage(item, path);
      if (messages.length === 0 && content.every((part) => part.type === "text")) system.push(...content);
      else add("user", [foreign(path, item)]);
    } else throw invalidRequest([{ path: `${path}.role`, message: `"${item.role ?? ""}" is none of system, developer, user, assistant` }]);
  }
  return { system, messages };
}

/** Ids and status are the provider's names for what it said; what was said stands in the item. */
function parseMessage(item: RawItem, path: string): ContentPart[] {
  const content = parseContent(item["content"], `${path}.content`);
  return hasOnly(item, ["type", "role", "content", "id", "status"]) ? content : [foreign(path, item)];
}

function parseItem(type: string, item: RawItem, path: string): ContentPart {
  const at = { path, refuse: invalidRequest };
  switch (type) {
    case "function_call": {
      const call = read(functionCallSchema, item, at);
      if (!hasOnly(item, ["type", "id", "status", "call_id", "name", "arguments"])) break;
      return { type: "tool-call", id: call.call_id, name: call.name, arguments: call.arguments };
    }
    case "function_call_output": {
      const { call_id: callId, output } = read(functionOutputSchema, item, at);
      const content = parseContent(output, `${path}.output`);
      if (!hasOnly(item, ["type", "id", "status", "call_id", "output", "name"])) break;
      return { type: "tool-result", callId, content };
    }
    case "reasoning":
      if (!hasOnly(item, ["type", "id", "status", "summary", "content", "encrypted_content"])) break;
      return parseReasoning(item, path) ?? foreign(path, item);
  }
  return foreign(path, item);
}

/** Undefined for a thought that is told by its id alone: it lies at the provider. */
function parseReasoning(item: RawItem, path: string): ContentPart | undefined {
  const { summary = [], content = [], encrypted_content: encrypted } = read(reasoningSchema, item, { path, refuse: invalidRequest });
  if (summary.length > 0 && content.length > 0) return undefined;
  const texts = [...summary, ...content];
  const signature = readEncrypted(encrypted ?? "");
  if (texts.length === 0) return signature === undefined ? undefined : { type: "redacted-thinking", data: signature };
  const text = texts.map((part) => part.text).join("\n\n");
  return { type: "thinking", text, ...(signature === undefined ? {} : { signature }) };
}
