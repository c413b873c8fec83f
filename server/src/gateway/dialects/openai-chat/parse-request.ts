import type { ChatRequest, ChatTool, OutputFormat, ToolChoice } from "../../types.ts";
import { parseMessages } from "./parse-messages.ts";
import { hasOnly } from "./parse-parts.ts";
import { isPlainRequest } from "./plain-shapes.ts";
import { invalidRequest, read } from "./refuse.ts";
import { type RequestBody, functionToolSchema, jsonSchemaFormat, namedToolSchema, requestSchema } from "./request-schema.ts";

const knownFields = new Set(Object.keys(requestSchema.shape));

export function parseRequest(body: unknown): ChatRequest {
  const raw = isPlainRequest(body) ? body : read(requestSchema, body, { path: "", refuse: invalidRequest });
  const foreign = unknownFields(raw);
  const { tools, others } = parseTools(raw.tools);
  if (others.length > 0) foreign["tools"] = others;
  const request: Writable<ChatRequest> = {
    model: raw.model,
    dialect: "openai-chat",
    ...parseMessages(raw.messages),
    stream: raw.stream ?? false,
    maxTokens: raw.max_completion_tokens ?? raw.max_tokens ?? null,
    foreign,
  };
  if (raw.temperature !== undefined) request.temperature = raw.temperature;
  if (raw.top_p !== undefined) request.topP = raw.top_p;
  if (raw.stop !== undefined) request.stop = typeof raw.stop === "string" ? [raw.stop] : raw.stop;
  if (raw.seed !== undefined) request.seed = raw.seed;
  if (tools.length > 0) request.tools = tools;
  if (raw.parallel_tool_calls !== undefined) request.parallelTools = raw.parallel_tool_calls;
  if (raw.logprobs === true) request.logProbabilities = { top: raw.top_logprobs ?? 0 };
  if (raw.metadata !== undefined) request.metadata = raw.metadata;
  if (raw.reasoning_effort !== undefined)
    request.reasoning = raw.reasoning_effort === "none" ? { kind: "off" } : { kind: "effort", effort: raw.reasoning_effort };
  // `safety_identifier` is the newer name of `user`; a caller may send both during the change.
  const user = raw.user ?? raw.safety_identifier;
  if (user !== undefined) request.user = user;
  takeChoice(raw, request, foreign);
  takeFormat(raw, request, foreign);
  return request;
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** A null says nothing, and would only make other dialects refuse. */
function unknownFields(raw: RequestBody): Record<string, unknown> {
  const foreign: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [key, value] of Object.entries(raw)) if (!knownFields.has(key) && value !== null) foreign[key] = value;
  if (raw.n !== undefined && raw.n > 1) foreign["n"] = raw.n;
  if (raw.user !== undefined && raw.safety_identifier !== undefined) foreign["safety_identifier"] = raw.safety_identifier;
  if (raw.logprobs !== true && raw.top_logprobs !== undefined) foreign["top_logprobs"] = raw.top_logprobs;
  const { include_usage: _, ...options } = raw.stream_options ?? {};
  if (Object.keys(options).length > 0) foreign["stream_options"] = options;
  return { ...foreign };
}

function parseTools(raw: RequestBody["tools"]): { tools: ChatTool[]; others: unknown[] } {
  const tools: ChatTool[] = [];
  const others: unknown[] = [];
  for (const [index, tool] of (raw ?? []).entries()) {
    const parsed = tool.type === "function" ? parseFunction(tool, `tools.${index}`) : undefined;
    if (parsed === undefined) others.push(tool);
    else tools.push(parsed);
  }
  return { tools, others };
}

function parseFunction(tool: Readonly<Record<string, unknown>>, path: string): ChatTool | undefined {
  const { function: found } = read(functionToolSchema, tool, { path, refuse: invalidRequest });
  if (!hasOnly(tool, ["type", "function"]) || !hasOnly(found, ["name", "description", "parameters", "strict"])) return undefined;
  return {
    name: found.name,
    ...(found.description === undefined ? {} : { description: found.description }),
    // Left out, it is a function without parameters.
    parameters: found.parameters ?? { type: "object", properties: {} },
    ...(found.strict === undefined ? {} : { strict: found.strict }),
  };
}

const choices: Readonly<Record<string, ToolChoice>> = { auto: { kind: "auto" }, none: { kind: "none" }, required: { kind: "any" } };

function takeChoice(raw: RequestBody, request: Writable<ChatRequest>, foreign: Record<string, unknown>): void {
  const choice = raw.tool_choice;
  if (choice === undefined || choice === null) return;
  if (typeof choice === "string") {
    if (!Object.hasOwn(choices, choice))
      throw invalidRequest([{ path: "tool_choice", message: `"${choice}" is none of auto, none, required` }]);
    request.toolChoice = choices[choice]!;
    return;
  }
  if (typeof choice !== "object") throw invalidRequest([{ path: "tool_choice", message: "must be text or an object" }]);
  const named = namedToolSchema.safeParse(choice);
  if (named.success) request.toolChoice = { kind: "tool", name: named.data.function.name };
  else foreign["tool_choice"] = choice;
}

function takeFormat(raw: RequestBody, request: Writable<ChatRequest>, foreign: Record<string, unknown>): void {
  const format = raw.response_format;
  // Text is what an answer is anyway.
  if (format === undefined || (format.type === "text" && hasOnly(format, ["type"]))) return;
  const parsed = parseFormat(format);
  if (parsed === undefined) foreign["response_format"] = format;
  else request.format = parsed;
}

function parseFormat(format: NonNullable<RequestBody["response_format"]>): OutputFormat | undefined {
  if (format.type === "json_object") return hasOnly(format, ["type"]) ? { kind: "json" } : undefined;
  if (format.type !== "json_schema" || !hasOnly(format, ["type", "json_schema"])) return undefined;
  const { json_schema: found } = read(jsonSchemaFormat, format, { path: "response_format", refuse: invalidRequest });
  if (!hasOnly(found, ["name", "schema", "strict", "description"])) return undefined;
  return {
    kind: "schema",
    name: found.name,
    schema: found.schema ?? {},
    ...(found.strict === undefined ? {} : { strict: found.strict }),
    ...(found.description === undefined ? {} : { description: found.description }),
  };
}
