import type { ChatRequest, ChatTool, OutputFormat, ToolChoice } from "../../types.ts";
import { untranslatable } from "./refuse.ts";
import { writeMessage, writeSystem } from "./write-messages.ts";
import type { Writing } from "./write-parts.ts";

type Out = Record<string, unknown>;

export function writeRequest(request: ChatRequest, model: string): Out {
  const writing: Writing = { knowsIds: request.dialect !== "anthropic-messages", problems: new Map() };
  const { problems } = writing;
  const body = takeForeign(request, problems);
  body["model"] = model;
  body["messages"] = [
    ...writeSystem(request.system),
    ...request.messages.flatMap((message, index) => writeMessage(message, `messages.${index}`, writing)),
  ];
  writeOptions(request, body);
  writeTools(request, body);
  refuseUnknown(request, problems);
  if (request.stream) {
    body["stream"] = true;
    // Always asked for, because every inference is counted; whether the caller sees it is the writer's affair.
    body["stream_options"] = { ...(body["stream_options"] as Out | undefined), include_usage: true };
    if (body["n"] !== undefined) problems.set("n", "more than one answer in a stream");
  }
  if (problems.size > 0) throw untranslatable(problems);
  return body;
}

function takeForeign(request: ChatRequest, problems: Writing["problems"]): Out {
  if (request.dialect === "openai-chat") return { ...request.foreign };
  for (const field of Object.keys(request.foreign)) problems.set(field, "");
  return {};
}

function writeOptions(request: ChatRequest, body: Out): void {
  // The newer name: reasoning models refuse `max_tokens`.
  if (request.maxTokens !== null) body["max_completion_tokens"] = request.maxTokens;
  if (request.temperature !== undefined) body["temperature"] = request.temperature;
  if (request.topP !== undefined) body["top_p"] = request.topP;
  if (request.stop !== undefined) body["stop"] = request.stop;
  if (request.seed !== undefined) body["seed"] = request.seed;
  if (request.user !== undefined) body["user"] = request.user;
  if (request.metadata !== undefined) body["metadata"] = request.metadata;
  if (request.format !== undefined) body["response_format"] = writeFormat(request.format);
  if (request.reasoning?.kind === "off") body["reasoning_effort"] = "none";
  if (request.reasoning?.kind === "effort") body["reasoning_effort"] = request.reasoning.effort;
  if (request.logProbabilities !== undefined) {
    body["logprobs"] = true;
    if (request.logProbabilities.top > 0) body["top_logprobs"] = request.logProbabilities.top;
  }
}

function writeTools(request: ChatRequest, body: Out): void {
  const others = (body["tools"] ?? []) as readonly unknown[];
  const tools = [...(request.tools ?? []).map(writeTool), ...others];
  if (tools.length > 0) body["tools"] = tools;
  if (request.toolChoice !== undefined) body["tool_choice"] = writeChoice(request.toolChoice);
  if (request.parallelTools !== undefined) body["parallel_tool_calls"] = request.parallelTools;
}

function writeTool(tool: ChatTool): Out {
  const { name, description, parameters, strict } = tool;
  return {
    type: "function",
    function: { name, ...(description === undefined ? {} : { description }), parameters, ...(strict === undefined ? {} : { strict }) },
  };
}

function writeChoice(choice: ToolChoice): unknown {
  if (choice.kind === "tool") return { type: "function", function: { name: choice.name } };
  return choice.kind === "any" ? "required" : choice.kind;
}

function writeFormat(format: OutputFormat): Out {
  if (format.kind === "json") return { type: "json_object" };
  const { name, schema, strict, description } = format;
  return {
    type: "json_schema",
    json_schema: { name, ...(description === undefined ? {} : { description }), schema, ...(strict === undefined ? {} : { strict }) },
  };
}

/** Named as their dialect names them, so that the caller finds them. */
function refuseUnknown(request: ChatRequest, problems: Writing["problems"]): void {
  if (request.topK !== undefined) problems.set("top_k", "");
  if (request.reasoning?.kind === "budget") problems.set("thinking.budget_tokens", "an effort is known here, no budget");
}
