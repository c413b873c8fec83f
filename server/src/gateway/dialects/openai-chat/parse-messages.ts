import type { ChatMessage, ContentPart, ForeignPart, TextPart } from "../../types.ts";
import { placed } from "../paths.ts";
import { hasOnly, isTextOnly, parseContent } from "./parse-parts.ts";
import { invalidRequest, read } from "./refuse.ts";
import { callListSchema, functionCallSchema, nameSchema, refusalSchema, toolMessageSchema } from "./request-schema.ts";

type RawMessage = Readonly<Record<string, unknown>> & { readonly role: string };

export interface Conversation {
  readonly system: TextPart[];
  readonly messages: ChatMessage[];
}

/**
 * A system message between other messages has no place of its own in a canonical request, and moving it to the front would change what
 * the model reads; it stays where it is as a foreign part. Results of tools that follow each other are one message.
 */
export function parseMessages(raw: readonly RawMessage[]): Conversation {
  const conversation: Conversation = { system: [], messages: [] };
  let results: ContentPart[] | undefined;
  for (const [index, message] of raw.entries()) {
    const path = `messages.${index}`;
    if (message.role !== "tool") results = undefined;
    switch (message.role) {
      case "system":
      case "developer": {
        const content = parseContent(message["content"], `${path}.content`);
        const leads = conversation.messages.length === 0 && hasOnly(message, ["role", "content"]);
        if (leads && isTextOnly(content)) conversation.system.push(...content);
        else conversation.messages.push({ role: "user", content: [foreign(path, message)] });
        break;
      }
      case "user":
      case "assistant":
        conversation.messages.push(placed(message.role === "user" ? parseUser(message, path) : parseAssistant(message, path), path));
        break;
      case "tool": {
        if (results === undefined) conversation.messages.push({ role: "user", content: (results = []) });
        results.push(placed(parseResult(message, path), path));
        break;
      }
      case "function":
        throw invalidRequest([{ path: `${path}.role`, message: 'the role "function" is gone: send tool results with the role "tool"' }]);
      default:
        throw invalidRequest([{ path: `${path}.role`, message: `"${message.role}" is none of system, developer, user, assistant, tool` }]);
    }
  }
  return conversation;
}

function parseUser(message: RawMessage, path: string): ChatMessage {
  const content = parseContent(message["content"], `${path}.content`);
  if (message["content"] === null || message["content"] === undefined)
    throw invalidRequest([{ path: `${path}.content`, message: "must be text or a list of parts" }]);
  content.push(...unknownFields(message, path, ["role", "content", "name"]));
  return { role: "user", content, ...parseName(message, path) };
}

function parseAssistant(message: RawMessage, path: string): ChatMessage {
  const at = (field: string) => ({ path: `${path}.${field}`, refuse: invalidRequest });
  const refusal = read(refusalSchema, message["refusal"], at("refusal"));
  const calls = read(callListSchema, message["tool_calls"], at("tool_calls")) ?? [];
  // Clients send back "" beside tool calls where the answer had no text.
  const saidNothing = message["content"] === "" && calls.length > 0;
  const content = saidNothing ? [] : parseContent(message["content"], `${path}.content`);
  if (typeof refusal === "string") content.push({ type: "refusal", text: refusal });
  content.push(...calls.map((call, index) => placed(parseCall(call, `${path}.tool_calls.${index}`), `${path}.tool_calls.${index}`)));
  content.push(...unknownFields(message, path, ["role", "content", "name", "refusal", "tool_calls"]));
  return { role: "assistant", content, ...parseName(message, path) };
}

/** A call of another kind than a function, or with more fields (some providers sign their calls), is kept as it is. */
function parseCall(call: Readonly<Record<string, unknown>>, path: string): ContentPart {
  if ((call["type"] ?? "function") !== "function") return foreign(path, call);
  const { id, function: called } = read(functionCallSchema, call, { path, refuse: invalidRequest });
  // `index` belongs to streams; clients that gather pieces leave it in.
  if (!hasOnly(call, ["id", "type", "function", "index"]) || !hasOnly(called, ["name", "arguments"])) return foreign(path, call);
  return { type: "tool-call", id, name: called.name, arguments: called.arguments };
}

/** `name` on a result is from an older form of the API: the call's id says it already. */
function parseResult(message: RawMessage, path: string): ContentPart {
  const { tool_call_id: callId } = read(toolMessageSchema, message, { path, refuse: invalidRequest });
  const content = parseContent(message["content"], `${path}.content`);
  return hasOnly(message, ["role", "content", "tool_call_id", "name"]) ? { type: "tool-result", callId, content } : foreign(path, message);
}

function parseName(message: RawMessage, path: string): { name?: string } {
  if (message["name"] === undefined) return {};
  const name = read(nameSchema, message["name"], { path: `${path}.name`, refuse: invalidRequest });
  return name === null || name === undefined ? {} : { name };
}

/** A field with null or an empty list says nothing; answers that are sent back are full of them. */
function unknownFields(message: RawMessage, path: string, known: readonly string[]): ForeignPart[] {
  if (hasOnly(message, known)) return [];
  return Object.entries(message)
    .filter(
      ([key, value]) => !known.includes(key) && value !== null && value !== undefined && !(Array.isArray(value) && value.length === 0),
    )
    .map(([key, value]) => foreign(`${path}.${key}`, { [key]: value }));
}

function foreign(path: string, value: unknown): ForeignPart {
  return { type: "foreign", dialect: "openai-chat", path, value };
}
