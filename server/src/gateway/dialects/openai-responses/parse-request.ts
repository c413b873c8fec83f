import type { ChatRequest, OutputFormat } from "../../types.ts";
import { compact } from "../anthropic-messages/check-shape.ts";
import { invalidRequest, read } from "../openai-chat/refuse.ts";
import { parseItems } from "./parse-items.ts";
import { parseChoice, parseTools } from "./parse-tools.ts";
import { hasOnly, says } from "./refuse.ts";
import { type RequestBody, jsonSchemaFormat, requestSchema } from "./request-schema.ts";

const knownFields = new Set(Object.keys(requestSchema.shape));
/** What these say when they are left out, so said too they say nothing. */
const defaults: Readonly<Record<string, unknown>> = { background: false, truncation: "disabled", service_tier: "auto" };
/** With one of them, what is asked lies at the provider. */
const heldThere = ["previous_response_id", "conversation", "prompt"];
const logProbabilities = "message.output_text.logprobs";
/** Thoughts always come with what they need to be sent back. */
const encrypted = "reasoning.encrypted_content";

export function parseRequest(body: unknown): ChatRequest {
  const raw = read(requestSchema, body, { path: "", refuse: invalidRequest });
  const foreign = unknownFields(raw);
  if (raw.input === undefined && !heldThere.some((field) => foreign.has(field)))
    throw invalidRequest([{ path: "input", message: "must be text or a list of items" }]);
  const items = typeof raw.input === "string" ? [{ type: undefined, role: "user", content: raw.input }] : (raw.input ?? []);
  const { system, messages } = parseItems(items);
  const choice = parseChoice(raw.tool_choice, foreign);
  const tools = parseTools(raw.tools, foreign);
  const format = parseFormat(raw.text?.format, foreign);
  const effort = raw.reasoning?.effort;
  return compact<ChatRequest>({
    model: raw.model,
    dialect: "openai-responses",
    system: raw.instructions === undefined ? system : [{ type: "text", text: raw.instructions }, ...system],
    messages,
    stream: raw.stream ?? false,
    maxTokens: raw.max_output_tokens ?? null,
    temperature: raw.temperature,
    topP: raw.top_p,
    tools: tools.length === 0 ? undefined : tools,
    toolChoice: choice,
    parallelTools: raw.parallel_tool_calls,
    format,
    reasoning: effort === undefined ? undefined : effort === "none" ? { kind: "off" } : { kind: "effort", effort },
    logProbabilities: raw.include?.includes(logProbabilities) === true ? { top: raw.top_logprobs ?? 0 } : undefined,
    // `safety_identifier` is the newer name of `user`; a caller may send both during the change.
    user: raw.user ?? raw.safety_identifier,
    metadata: raw.metadata,
    // The others wrote into it, so it comes last.
    foreign: Object.fromEntries(foreign),
  });
}

/** By where they stand: `service_tier`, `text.verbosity`, `tools.2`. */
function unknownFields(raw: RequestBody): Map<string, unknown> {
  const dotted = Object.keys(raw).find((name) => name.includes("."));
  if (dotted !== undefined) throw invalidRequest([{ path: dotted, message: "there is no such field" }]);
  const foreign = new Map(Object.entries(raw).filter(([key, value]) => !knownFields.has(key) && says(value) && value !== defaults[key]));
  for (const field of ["text", "reasoning"] as const)
    for (const [key, value] of Object.entries(raw[field] ?? {}))
      if (!["format", "effort"].includes(key) && says(value)) foreign.set(`${field}.${key}`, value);
  for (const [key, value] of Object.entries(raw.stream_options ?? {}))
    if (says(value) && value !== false) foreign.set(`stream_options.${key}`, value);
  if (raw.store === true) foreign.set("store", true);
  if (raw.user !== undefined && raw.safety_identifier !== undefined) foreign.set("safety_identifier", raw.safety_identifier);
  const include = raw.include?.filter((name) => name !== logProbabilities && name !== encrypted) ?? [];
  if (include.length > 0) foreign.set("include", include);
  // Without the log probabilities it chooses among nothing.
  if (raw.top_logprobs !== undefined && raw.top_logprobs > 0 && raw.include?.includes(logProbabilities) !== true)
    foreign.set("top_logprobs", raw.top_logprobs);
  return foreign;
}

function parseFormat(format: NonNullable<RequestBody["text"]>["format"], foreign: Map<string, unknown>): OutputFormat | undefined {
  if (format === undefined || (format.type === "text" && hasOnly(format, ["type"]))) return undefined;
  if (format.type === "json_object" && hasOnly(format, ["type"])) return { kind: "json" };
  if (format.type === "json_schema" && hasOnly(format, ["type", "name", "schema", "strict", "description"])) {
    const { name, schema, strict, description } = read(jsonSchemaFormat, format, { path: "text.format", refuse: invalidRequest });
    return compact<OutputFormat>({ kind: "schema", name, schema: schema ?? {}, strict, description });
  }
  foreign.set("text.format", format);
  return undefined;
}
