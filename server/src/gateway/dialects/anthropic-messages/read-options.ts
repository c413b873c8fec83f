import type { z } from "zod";
import type { ChatRequest, OutputFormat, Reasoning } from "../../types.ts";
import { given } from "./check-shape.ts";
import { effortSchema, formatSchema, type requestSchema, thinkingSchema } from "./request-schema.ts";

type Body = z.infer<typeof requestSchema>;

/** How it shall think and in which shape it shall answer. What no other dialect could mean is foreign, under its own field. */
export function readOptions(
  body: Pick<Body, "thinking" | "output_config" | "output_format">,
  foreign: Map<string, unknown>,
): Pick<ChatRequest, "reasoning" | "format"> {
  const config = new Map(Object.entries(given(body.output_config ?? {})));
  const reasoning = readThinking(body.thinking, foreign) ?? takeEffort(config);
  let format = readFormat(config.get("format"));
  if (format !== undefined) config.delete("format");
  // `output_format` is the beta's name of `output_config.format`.
  const before = body.output_format ?? undefined;
  if (before !== undefined && (format !== undefined || (format = readFormat(before)) === undefined)) foreign.set("output_format", before);
  if (config.size > 0) foreign.set("output_config", Object.fromEntries(config));
  return { reasoning, format };
}

function readThinking(thinking: Body["thinking"], foreign: Map<string, unknown>): Reasoning | undefined {
  if (thinking === null || thinking === undefined) return undefined;
  const parsed = thinkingSchema.safeParse(given(thinking));
  if (parsed.success) return parsed.data.type === "disabled" ? { kind: "off" } : { kind: "budget", tokens: parsed.data.budget_tokens };
  foreign.set("thinking", thinking);
  return undefined;
}

function takeEffort(config: Map<string, unknown>): Reasoning | undefined {
  const { data: effort } = effortSchema.safeParse(config.get("effort"));
  if (effort === undefined) return undefined;
  config.delete("effort");
  return { kind: "effort", effort };
}

/** The API has no name for a schema and always holds an answer to it. */
function readFormat(format: unknown): OutputFormat | undefined {
  const { data } = formatSchema.safeParse(format);
  return data === undefined ? undefined : { kind: "schema", name: "answer", schema: data.schema, strict: true };
}
