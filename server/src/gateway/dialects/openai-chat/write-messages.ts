import type { ChatMessage, ContentPart, TextPart } from "../../types.ts";
import { pathOf } from "../paths.ts";
import { placeOf } from "./foreign-place.ts";
import { type Writing, writePart } from "./write-parts.ts";

type Out = Record<string, unknown>;
type Located = readonly [part: ContentPart, path: string];

export function writeSystem(system: readonly TextPart[]): Out[] {
  return system.length === 0 ? [] : [{ role: "system", content: plain(system.map(({ text }) => ({ type: "text", text }))) }];
}

/** One canonical message: results of tools are messages of their own here, and stand directly after the calls they answer. */
export function writeMessage(message: ChatMessage, path: string, writing: Writing): Out[] {
  const parts = message.content.map((part, index): Located => [part, pathOf(part, `${path}.content.${index}`)]);
  return message.role === "assistant" ? [writeAssistant(message, parts, writing)] : writeUser(message, parts, writing);
}

function writeUser(message: ChatMessage, parts: readonly Located[], writing: Writing): Out[] {
  const messages: Out[] = [];
  const content: Out[] = [];
  const fields: Out = {};
  for (const [part, path] of parts) {
    const place = part.type === "foreign" && part.dialect === "openai-chat" ? placeOf(part) : undefined;
    if (part.type === "tool-result") messages.push(writeResult(part, path, writing));
    else if (part.type === "foreign" && place === "message") messages.push(part.value as Out);
    else if (part.type === "foreign" && place === "field") Object.assign(fields, part.value);
    else content.push(...writePart(part, path, writing));
  }
  const isOver = content.length === 0 && Object.keys(fields).length === 0 && messages.length > 0;
  return isOver ? messages : [...messages, { role: "user", content: plain(content), ...nameOf(message), ...fields }];
}

/** The format keeps no order between what was said and what was called: text first, then calls. */
function writeAssistant(message: ChatMessage, parts: readonly Located[], writing: Writing): Out {
  const content: Out[] = [];
  const calls: unknown[] = [];
  const fields: Out = {};
  for (const [part, path] of parts) {
    const place = part.type === "foreign" && part.dialect === "openai-chat" ? placeOf(part) : undefined;
    if (part.type === "tool-call") calls.push({ id: part.id, type: "function", function: { name: part.name, arguments: part.arguments } });
    else if (part.type === "foreign" && place === "call") calls.push(part.value);
    else if (part.type === "foreign" && place === "field") Object.assign(fields, part.value);
    else if (part.type === "image" || part.type === "file") writing.problems.set(path, `${part.type} of the assistant`);
    else content.push(...writePart(part, path, writing));
  }
  // Null is taken only beside something else.
  const nothing = calls.length > 0 || Object.keys(fields).length > 0 ? null : "";
  return {
    role: "assistant",
    content: content.length > 0 ? plain(content) : nothing,
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
    ...nameOf(message),
    ...fields,
  };
}

/** There is no mark for a call that failed; in this format the model reads it in the text. */
function writeResult(part: ContentPart & { type: "tool-result" }, path: string, writing: Writing): Out {
  const texts: Out[] = [];
  for (const [index, item] of part.content.entries()) {
    const at = pathOf(item, `${path}.content.${index}`);
    const isMine = item.type === "foreign" && item.dialect === "openai-chat";
    if (item.type === "text" || isMine) texts.push(...writePart(item, at, writing));
    else writing.problems.set(item.type === "foreign" ? item.path : at, `${item.type} in a tool's result`);
  }
  if (part.failed === true) {
    const [first, ...others] = texts;
    const text = first?.["type"] === "text" ? `Error: ${String(first["text"])}` : "Error";
    texts.splice(0, texts.length, { type: "text", text }, ...others);
  }
  return { role: "tool", tool_call_id: part.callId, content: plain(texts) };
}

/** Plain text where it is only that: many servers of this format take a list of parts only where it is needed. */
function plain(content: readonly Out[]): unknown {
  const [first] = content;
  if (first === undefined) return "";
  return content.length === 1 && first["type"] === "text" && Object.keys(first).length === 2 ? first["text"] : content;
}

function nameOf(message: ChatMessage): { name?: string } {
  return message.name === undefined ? {} : { name: message.name };
}
