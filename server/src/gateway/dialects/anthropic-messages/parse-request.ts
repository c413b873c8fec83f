import type { z } from "zod";
import type { ChatRequest, TextPart } from "../../types.ts";
import { type Place, below, checkShape, compact, wrongShape } from "./check-shape.ts";
import { readContent } from "./read-content.ts";
import { readOptions } from "./read-options.ts";
import { readTools } from "./read-tools.ts";
import { requestSchema } from "./request-schema.ts";

const top: Place = { path: "", code: "invalid_request" };

export function parseRequest(body: unknown): ChatRequest {
  const checked = checkShape(requestSchema, body, top);
  // Nulls say "not given" only where we know the field; a foreign one goes on as it came.
  const { model, max_tokens, system, messages, stream, temperature, top_p, top_k, stop_sequences, metadata, ...more } = checked;
  const { tools, tool_choice, thinking, output_config, output_format, ...rest } = more;
  const foreign = new Map<string, unknown>(Object.entries(rest));
  refuseOurKeys(foreign);
  const { user_id, ...otherMetadata } = metadata ?? {};
  if (Object.keys(otherMetadata).length > 0) foreign.set("metadata", otherMetadata);
  return compact<ChatRequest>({
    model,
    dialect: "anthropic-messages",
    system: readSystem(system, foreign),
    messages: messages.map(({ role, content }, index) => ({
      role,
      content: readContent(content, below(below(below(top, "messages"), index), "content")),
    })),
    stream: stream ?? false,
    maxTokens: max_tokens,
    temperature: temperature ?? undefined,
    topP: top_p ?? undefined,
    topK: top_k ?? undefined,
    stop: stop_sequences ?? undefined,
    ...readTools(tools, tool_choice, foreign),
    ...readOptions({ thinking, output_config, output_format }, foreign),
    user: user_id ?? undefined,
    // The other properties read into `foreign`, so it comes last.
    foreign: Object.fromEntries(foreign),
  });
}

/** The names we keep server tools under. The API has no such field. */
function refuseOurKeys(foreign: ReadonlyMap<string, unknown>): void {
  const key = [...foreign.keys()].find((name) => name.startsWith("tools."));
  if (key !== undefined) throw wrongShape([{ code: "custom", path: [key], message: "There is no such field.", input: undefined }], top);
}

/** The system prompt. One with more than text in it is the API's alone. */
function readSystem(system: z.infer<typeof requestSchema>["system"], foreign: Map<string, unknown>): readonly TextPart[] {
  const parts = readContent(system ?? "", below(top, "system"));
  if (parts.every((part) => part.type === "text")) return parts;
  foreign.set("system", system);
  return [];
}
