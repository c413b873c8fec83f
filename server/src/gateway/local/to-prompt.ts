import { callerName } from "../dialects/caller-names.ts";
import { pathOf } from "../dialects/paths.ts";
import { refuseFields } from "../native/refuse-fields.ts";
import type { ChatMessage, ChatRequest } from "../types.ts";
import { toGrammarSchema } from "./grammar-schema.ts";
import type { LocalPrompt } from "./protocol.ts";

/** What a local model is asked: text, and what shape its answer has. `untranslatable` names everything else; whom the call is for and its metadata stay here anyway. */
export function toPrompt(request: ChatRequest, whose: string): LocalPrompt {
  const problems = nameUnknown(request);
  const turns = request.messages.map((message, index) => ({
    role: message.role,
    text: textOf(message, pathOf(message, `messages.${index}`), problems),
  }));
  const format = formatOf(request, problems);
  if (turns.at(-1)?.role !== "user") problems.set("messages", "the user must have the last word");
  refuseFields(problems, whose);
  const { maxTokens, temperature, topP, topK, seed, stop } = request;
  return { system: request.system.map(({ text }) => text).join("\n"), turns, maxTokens, temperature, topP, topK, seed, stop, format };
}

function formatOf({ format, dialect }: ChatRequest, problems: Map<string, string>): LocalPrompt["format"] {
  if (format === undefined) return undefined;
  return format.kind === "json" ? "json" : toGrammarSchema(format.schema, callerName("format", { dialect }), problems);
}

function nameUnknown(request: ChatRequest): Map<string, string> {
  const problems = new Map<string, string>();
  if ((request.tools?.length ?? 0) > 0) problems.set("tools", "a local model calls none");
  else if (request.toolChoice !== undefined && request.toolChoice.kind !== "none" && request.toolChoice.kind !== "auto")
    problems.set("tool_choice", "a local model calls none");
  if (request.logProbabilities !== undefined) problems.set(callerName("logProbabilities", request), "");
  if (request.reasoning !== undefined && request.reasoning.kind !== "off") problems.set(callerName("reasoning", request), "");
  for (const field of Object.keys(request.foreign)) problems.set(field, `of ${request.dialect ?? "no known dialect"}`);
  return problems;
}

function textOf({ content, name }: ChatMessage, path: string, problems: Map<string, string>): string {
  if (name !== undefined) problems.set(`${path}.name`, "");
  const texts: string[] = [];
  for (const [index, part] of content.entries()) {
    if (part.type === "text" || part.type === "refusal") texts.push(part.text);
    else problems.set(pathOf(part, `${path}.content.${index}`), part.type);
  }
  return texts.join("\n");
}
