import type { ChatMessage, ContentPart } from "../../types.ts";
import { pathOf } from "../paths.ts";
import { isOfResponses, writeEncrypted } from "../signatures.ts";
import { type Out, type Writing, writeInputPart } from "./write-parts.ts";

/** One canonical message: calls, their outputs and thoughts are items of their own here. */
export function writeMessage(message: ChatMessage, path: string, writing: Writing): Out[] {
  const items: Out[] = [];
  let content: Out[] = [];
  const flush = () => {
    if (content.length > 0) items.push({ type: "message", role: message.role, content });
    content = [];
  };
  if (message.name !== undefined) writing.problems.set(`${pathOf(message, path)}.name`, "");
  for (const [index, part] of message.content.entries()) {
    const at = pathOf(part, `${path}.content.${index}`);
    const item = writeItem(part, at, writing);
    if (item === undefined) content.push(...(message.role === "user" ? writeInputPart(part, at, writing) : writeSpoken(part, at, writing)));
    else {
      flush();
      items.push(...item);
    }
  }
  flush();
  return items;
}

/** Undefined for what is a part of a message. */
function writeItem(part: ContentPart, path: string, writing: Writing): Out[] | undefined {
  switch (part.type) {
    case "tool-call":
      return [{ type: "function_call", call_id: part.id, name: part.name, arguments: part.arguments }];
    case "tool-result":
      return [{ type: "function_call_output", call_id: part.callId, output: writeOutput(part, path, writing) }];
    case "thinking":
      return writeThought([{ type: "summary_text", text: part.text }], part.signature, { path, writing });
    case "redacted-thinking":
      return writeThought([], part.data, { path, writing });
    case "foreign":
      return part.dialect === "openai-responses" && /^input\.\d+$/.test(part.path) ? [part.value as Out] : undefined;
    default:
      return undefined;
  }
}

function writeThought(summary: Out[], signature: string | undefined, { path, writing }: { path: string; writing: Writing }): Out[] {
  if (signature === undefined) writing.problems.set(path, "a thought without its signature");
  else if (isOfResponses(signature)) return [{ type: "reasoning", summary, encrypted_content: writeEncrypted(signature) }];
  else writing.problems.set(path, "a thought of another provider");
  return [];
}

/** What the assistant said. */
function writeSpoken(part: ContentPart, path: string, writing: Writing): Out[] {
  if (part.type === "text") return [{ type: "output_text", text: part.text }];
  if (part.type === "refusal") return [{ type: "refusal", refusal: part.text }];
  if (part.type === "foreign") return writeInputPart(part, path, writing);
  writing.problems.set(path, `${part.type} of the assistant`);
  return [];
}

/** There is no mark for a call that failed; in this format the model reads it in the text. */
function writeOutput(part: ContentPart & { type: "tool-result" }, path: string, writing: Writing): unknown {
  const content = part.content.flatMap((item, index) => writeInputPart(item, pathOf(item, `${path}.content.${index}`), writing));
  if (part.failed === true) {
    const [first, ...others] = content;
    const isText = first?.["type"] === "input_text";
    const text = isText ? `Error: ${String(first["text"])}` : "Error";
    content.splice(0, content.length, { type: "input_text", text }, ...(isText || first === undefined ? others : [first, ...others]));
  }
  const [only] = content;
  if (only === undefined) return "";
  return content.length === 1 && only["type"] === "input_text" && Object.keys(only).length === 2 ? only["text"] : content;
}
