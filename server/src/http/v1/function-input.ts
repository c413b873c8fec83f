import { AppError } from "../../core/index.ts";
import { type FunctionDefinition, type Shape, isText, isType, shapeOf } from "../../functions/index.ts";
import type { ChatMessage, ChatRequest, Gateway } from "../../gateway/index.ts";

/**
 * A conversation as the input of a function: what the user said last, where that is JSON the function takes; else all messages,
 * where it has a field for them; else what the user said last, in its only field of text. `invalid_request` says what it takes.
 */
export function functionInput(definition: FunctionDefinition, chat: ChatRequest, dialect: Gateway["dialect"]): unknown {
  if (chat.tools !== undefined && chat.tools.length > 0) throw refusal(definition, "it calls no tools of its caller");
  const fits = (input: unknown) => definition.input.safeParse(input).success;
  const said = lastText(chat.messages);
  const parsed = said === null ? undefined : parseObject(said);
  if (parsed !== undefined && fits(parsed)) return parsed;

  const { properties = {} } = shapeOf(definition.input, "input");
  if (isType(properties["messages"], "array")) {
    const plain = plainMessages(chat);
    const input = { messages: plain ?? dialect("openai-chat").writeRequest({ ...chat, tools: [] }, chat.model)["messages"] };
    if (fits(input)) return input;
    throw refusal(definition, "these messages do not fit");
  }
  const [field, ...others] = textFields(properties);
  if (field === undefined || others.length > 0) throw refusal(definition, "what the user said last is no JSON that fits");
  if (said === null) throw refusal(definition, "what the user said last is no plain text");
  const input = { [field]: said };
  if (!fits(input)) throw refusal(definition, `"${field}" alone does not fit`);
  return input;
}

/** Fields of free text. */
export function textFields(properties: Readonly<Record<string, Shape>>): string[] {
  return Object.entries(properties).flatMap(([name, shape]) => (isText(shape) ? [name] : []));
}

/** Null where the last word is not the user's, or more than text. */
function lastText(messages: readonly ChatMessage[]): string | null {
  const last = messages.at(-1);
  return last?.role === "user" ? textOf(last) : null;
}

function textOf({ content }: ChatMessage): string | null {
  const texts = content.flatMap((part) => (part.type === "text" ? [part.text] : []));
  return texts.length === content.length ? texts.join("") : null;
}

/** `{ role, content }` where all of it is text; null otherwise. */
function plainMessages({ system, messages }: ChatRequest): { readonly role: string; readonly content: string }[] | null {
  const told = messages.map((message) => ({ role: message.role, content: textOf(message) }));
  if (!told.every((message): message is { role: "user" | "assistant"; content: string } => message.content !== null)) return null;
  const instructions = system.map(({ text }) => text).join("\n");
  return instructions === "" ? told : [{ role: "system", content: instructions }, ...told];
}

function parseObject(text: string): Record<string, unknown> | undefined {
  if (!text.trimStart().startsWith("{")) return undefined;
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function refusal({ name, input }: FunctionDefinition, why: string): AppError {
  const schema = shapeOf(input, "input");
  const fields = Object.keys(schema.properties ?? {}).map((field) =>
    schema.required?.includes(field) === true ? field : `${field} (may be absent)`,
  );
  const message = `The function "${name}" cannot be asked so: ${why}. It takes ${fields.join(", ") || "no fields"}; write them as one JSON object in the last message of the user.`;
  return new AppError("invalid_request", message, {
    details: { function: name, issues: [{ path: "messages", message: why }], inputSchema: schema },
  });
}
