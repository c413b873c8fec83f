import type { ChatRequest, OutputFormat, ToolChoice } from "../../types.ts";
import { compact } from "../anthropic-messages/check-shape.ts";
import { callerName } from "../caller-names.ts";
import { untranslatable } from "./refuse.ts";
import { writeMessage } from "./write-items.ts";
import type { Out, Writing } from "./write-parts.ts";

export function writeRequest(request: ChatRequest, model: string): Out {
  const own = request.dialect === "openai-responses";
  const writing: Writing = { knowsIds: request.dialect !== "anthropic-messages", problems: new Map() };
  const { system, messages, reasoning, format, logProbabilities } = request;
  const text = format === undefined ? undefined : { format: writeFormat(format, own) };
  const tools = request.tools?.map(({ name, description, parameters, strict }) =>
    // Left out it is true here, and false in every other dialect.
    compact({ type: "function", name, description, parameters, strict: strict ?? (own ? undefined : false) }),
  );
  const include = [
    ...(logProbabilities === undefined ? [] : ["message.output_text.logprobs"]),
    // Models that do not think refuse to be asked for it.
    ...(reasoning === undefined || reasoning.kind === "off" ? [] : ["reasoning.encrypted_content"]),
  ];
  const [first] = system;
  const body = compact<Out>({
    model,
    instructions: system.length === 1 ? first!.text : undefined,
    input: [
      ...(system.length > 1
        ? [{ type: "message", role: "developer", content: system.map((part) => ({ type: "input_text", text: part.text })) }]
        : []),
      ...messages.flatMap((message, index) => writeMessage(message, `messages.${index}`, writing)),
    ],
    stream: request.stream || undefined,
    // Nobody here will ask for it again, and it is not theirs to keep.
    store: false,
    max_output_tokens: request.maxTokens ?? undefined,
    temperature: request.temperature,
    top_p: request.topP,
    top_logprobs: logProbabilities !== undefined && logProbabilities.top > 0 ? logProbabilities.top : undefined,
    include: include.length === 0 ? undefined : include,
    tools,
    tool_choice: request.toolChoice === undefined ? undefined : writeChoice(request.toolChoice),
    parallel_tool_calls: request.parallelTools,
    text,
    reasoning: reasoning === undefined ? undefined : writeReasoning(reasoning),
    user: request.user,
    metadata: request.metadata,
  });
  nameUnknown(request, writing);
  if (writing.problems.size > 0) throw untranslatable(writing.problems);
  return own ? withForeign(body, request.foreign) : body;
}

function writeChoice(choice: ToolChoice): unknown {
  if (choice.kind === "tool") return { type: "function", name: choice.name };
  return choice.kind === "any" ? "required" : choice.kind;
}

function writeFormat(format: OutputFormat, own: boolean): Out {
  if (format.kind === "json") return { type: "json_object" };
  const { name, schema, strict, description } = format;
  return compact({ type: "json_schema", name, description, schema, strict: strict ?? (own ? undefined : false) });
}

function writeReasoning(reasoning: NonNullable<ChatRequest["reasoning"]>): Out | undefined {
  if (reasoning.kind === "budget") return undefined;
  return { effort: reasoning.kind === "off" ? "none" : reasoning.effort };
}

/** Named as their dialect names them, so that the caller finds them. */
function nameUnknown(request: ChatRequest, { problems }: Writing): void {
  if (request.stop !== undefined) problems.set(callerName("stop", request), "");
  if (request.seed !== undefined) problems.set("seed", "");
  if (request.topK !== undefined) problems.set("top_k", "");
  if (request.reasoning?.kind === "budget") problems.set("thinking.budget_tokens", "an effort is known here, no budget");
  if (request.dialect !== "openai-responses") for (const field of Object.keys(request.foreign)) problems.set(field, "");
}

/** Foreign fields by where they stood: tools among the tools, `text.verbosity` beside the format, the rest as it came. */
function withForeign(body: Out, foreign: ChatRequest["foreign"]): Out {
  for (const [path, value] of Object.entries(foreign)) {
    const [field, inner] = path.split(".") as [string, string | undefined];
    if (inner === undefined)
      body[field] = Array.isArray(value) && Array.isArray(body[field]) ? [...(body[field] as unknown[]), ...(value as unknown[])] : value;
    else if (field === "tools") body["tools"] = ((body["tools"] as unknown[] | undefined) ?? []).toSpliced(Number(inner), 0, value);
    else body[field] = { ...(body[field] as Out | undefined), [inner]: value };
  }
  return body;
}
