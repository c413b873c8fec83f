import { callerName } from "../dialects/caller-names.ts";
import { refuseFields } from "../native/refuse-fields.ts";
import type { ChatRequest } from "../types.ts";
import type { ModelOptions } from "./language-model.ts";
import { writePrompt } from "./write-prompt.ts";

const efforts: readonly string[] = ["none", "minimal", "low", "medium", "high", "xhigh", "max"];
const penalties = { presence_penalty: "presencePenalty", frequency_penalty: "frequencyPenalty" } as const;

/** A request as the specification has it. What it has no word for is `untranslatable`, each field by its name. */
export function toOptions(request: ChatRequest, urls: Readonly<Record<string, RegExp[]>>, whose: string): ModelOptions {
  const problems = new Map<string, string>();
  const prompt = writePrompt(request, urls, problems);
  const options: ModelOptions = {
    prompt,
    ...(request.maxTokens === null ? {} : { maxOutputTokens: request.maxTokens }),
    ...(request.temperature === undefined ? {} : { temperature: request.temperature }),
    ...(request.topP === undefined ? {} : { topP: request.topP }),
    ...(request.topK === undefined ? {} : { topK: request.topK }),
    ...(request.stop === undefined ? {} : { stopSequences: request.stop }),
    ...(request.seed === undefined ? {} : { seed: request.seed }),
    ...writeFormat(request),
    ...writeTools(request),
    ...writeReasoning(request, problems),
    ...writeForeign(request, problems),
  };
  if (request.logProbabilities !== undefined) problems.set(callerName("logProbabilities", request), "");
  if (request.parallelTools === false) problems.set("parallel_tool_calls", "");
  if (request.user !== undefined) problems.set("user", "");
  if (request.metadata !== undefined && Object.keys(request.metadata).length > 0) problems.set("metadata", "");
  refuseFields(problems, whose);
  return options;
}

function writeFormat({ format }: ChatRequest): Partial<ModelOptions> {
  if (format === undefined) return {};
  if (format.kind === "json") return { responseFormat: { type: "json" } };
  const { name, schema, description } = format;
  return { responseFormat: { type: "json", name, schema, ...(description === undefined ? {} : { description }) } };
}

function writeTools({ tools = [], toolChoice }: ChatRequest): Partial<ModelOptions> {
  if (tools.length === 0) return {};
  const written = tools.map(({ name, description, parameters, strict }) => ({
    type: "function" as const,
    name,
    ...(description === undefined ? {} : { description }),
    inputSchema: parameters ?? { type: "object", properties: {} },
    ...(strict === undefined ? {} : { strict }),
  }));
  if (toolChoice === undefined) return { tools: written };
  if (toolChoice.kind === "tool") return { tools: written, toolChoice: { type: "tool", toolName: toolChoice.name } };
  return { tools: written, toolChoice: { type: toolChoice.kind === "any" ? "required" : toolChoice.kind } };
}

function writeReasoning(request: ChatRequest, problems: Map<string, string>): Partial<ModelOptions> {
  const { reasoning } = request;
  if (reasoning === undefined) return {};
  if (reasoning.kind === "off") return { reasoning: "none" };
  if (reasoning.kind === "effort" && efforts.includes(reasoning.effort)) return { reasoning: reasoning.effort };
  problems.set(callerName("reasoning", request), reasoning.kind === "budget" ? "a number of tokens" : `one of ${efforts.join(", ")}`);
  return {};
}

function writeForeign({ foreign, dialect }: ChatRequest, problems: Map<string, string>): Partial<ModelOptions> {
  const written: Record<string, number> = {};
  for (const [field, value] of Object.entries(foreign)) {
    if (Object.hasOwn(penalties, field) && typeof value === "number") written[penalties[field as keyof typeof penalties]] = value;
    else problems.set(field, `of ${dialect ?? "no known dialect"}`);
  }
  return written;
}
