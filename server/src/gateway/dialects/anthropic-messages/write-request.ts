import { AppError } from "../../../core/index.ts";
import type { ChatMessage, ChatRequest, ContentPart } from "../../types.ts";
import { adviceOn } from "../advice.ts";
import { callerName } from "../caller-names.ts";
import { pathOf } from "../paths.ts";
import { isOfResponses } from "../signatures.ts";
import { compact, isRecord } from "./check-shape.ts";
import { type Writing, writeContent } from "./write-content.ts";
import { writeFormat, writeReasoning } from "./write-options.ts";
import { writeChoice, writeTools } from "./write-tools.ts";

/** The API requires a bound; this one every model takes. */
const defaultMaxTokens = 4096;

export function writeRequest(request: ChatRequest, model: string): Record<string, unknown> {
  const writing: Writing = { own: request.dialect === "anthropic-messages", problems: new Map() };
  const tools = writeTools(request);
  const output = { ...writeReasoning(request, writing), ...writeFormat(request, writing) };
  const { thinking, ...config } = output;
  const body = compact({
    model,
    max_tokens: request.maxTokens ?? defaultMaxTokens + budgetOf(request),
    system: request.system.length === 0 ? undefined : writeContent(request.system, "system", writing),
    messages: writeMessages(request.messages, writing),
    stream: request.stream || undefined,
    temperature: request.temperature,
    top_p: request.topP,
    top_k: request.topK,
    stop_sequences: request.stop,
    tools,
    tool_choice: writeChoice(request, tools),
    thinking,
    output_config: Object.keys(config).length === 0 ? undefined : config,
    metadata: request.user === undefined ? undefined : { user_id: request.user },
  });
  nameUnknown(request, writing);
  refuse(writing.problems);
  return withForeign(body, request.foreign);
}

/** Thoughts count as tokens of the answer, so the bound must leave room for both. */
function budgetOf({ reasoning }: ChatRequest): number {
  return reasoning?.kind === "budget" ? reasoning.tokens : 0;
}

/** The API wants the roles to take turns, and all results of parallel tool calls in one message. */
function writeMessages(messages: readonly ChatMessage[], writing: Writing): { role: string; content: Record<string, unknown>[] }[] {
  const written: { role: string; content: Record<string, unknown>[] }[] = [];
  for (const [index, message] of messages.entries()) {
    if (message.name !== undefined) writing.problems.set(`${pathOf(message, `messages.${index}`)}.name`, "");
    const content = writeContent(message.content, `messages.${index}.content`, writing);
    for (const [at, part] of message.content.entries())
      if (isOfAnother(part)) writing.problems.set(pathOf(part, `messages.${index}.content.${at}`), "a thought of another provider");
    const last = written.at(-1);
    if (last?.role === message.role) last.content.push(...content);
    else written.push({ role: message.role, content });
  }
  return written;
}

function isOfAnother(part: ContentPart): boolean {
  if (part.type === "redacted-thinking") return isOfResponses(part.data);
  return part.type === "thinking" && part.signature !== undefined && isOfResponses(part.signature);
}

function nameUnknown(request: ChatRequest, { own, problems }: Writing): void {
  if (request.seed !== undefined) problems.set("seed", "");
  if (request.logProbabilities !== undefined) problems.set(callerName("logProbabilities", request), "");
  if (request.metadata !== undefined && Object.keys(request.metadata).length > 0) problems.set("metadata", "");
  if ((request.temperature ?? 0) > 1) problems.set("temperature", "it ends at 1");
  if (!own) for (const field of Object.keys(request.foreign)) problems.set(field, `of ${request.dialect ?? "no known dialect"}`);
}

function refuse(problems: ReadonlyMap<string, string>): void {
  if (problems.size === 0) return;
  const named = [...problems].map(([field, why]) => (why === "" ? field : `${field} (${why})`)).join(", ");
  throw new AppError("untranslatable", `The Messages API cannot carry ${named}.${adviceOn(problems.keys())}`, {
    details: { fields: [...problems.keys()] },
  });
}

/** Foreign fields stand where they stood: beside ours in an object both have, tools in their place, the rest as it came. */
function withForeign(body: Record<string, unknown>, foreign: ChatRequest["foreign"]): Record<string, unknown> {
  const added = Object.entries(foreign).filter(([name]) => !name.startsWith("tools."));
  const merged = added.map(([name, value]): [string, unknown] => {
    const ours = body[name];
    return [name, isRecord(ours) && isRecord(value) ? { ...ours, ...value } : value];
  });
  return { ...body, ...Object.fromEntries(merged) };
}
