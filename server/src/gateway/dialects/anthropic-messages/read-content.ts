import type { z } from "zod";
import type { ContentPart, MediaSource } from "../../types.ts";
import { type Block, blockSchema, type documentSource } from "./block-schemas.ts";
import { type Place, below, compact, given, isRecord, wrongShape } from "./check-shape.ts";

type Raw = Readonly<Record<string, unknown>>;

/** Content blocks in canonical parts, one for one. `text` is short for one block of text. */
export function readContent(content: string | readonly Raw[], place: Place): ContentPart[] {
  if (typeof content === "string") return content === "" ? [] : [{ type: "text", text: content }];
  return content.map((block, index) => readBlock(block, below(place, index)));
}

function readBlock(raw: Raw, place: Place): ContentPart {
  const parsed = blockSchema.safeParse(withoutDefaults(raw));
  if (parsed.success) return toPart(parsed.data, raw, place);
  // A type, a source or a field that no other dialect has: the API may know it, so it goes on as it came.
  if (parsed.error.issues.every(isUnknownToUs)) return { type: "foreign", dialect: "anthropic-messages", path: place.path, value: raw };
  throw wrongShape(parsed.error.issues, place);
}

function isUnknownToUs(issue: z.core.$ZodIssue): boolean {
  return issue.code === "unrecognized_keys" || (issue.code === "invalid_union" && issue.errors.length === 0);
}

/** Fields the API itself writes into answers to say nothing. Callers send them back. */
function withoutDefaults(raw: Raw): Raw {
  const { citations, caller, ...rest } = given(raw);
  if (citations !== undefined && !(Array.isArray(citations) && citations.length === 0)) rest["citations"] = citations;
  if (caller !== undefined && !(isRecord(caller) && caller["type"] === "direct")) rest["caller"] = caller;
  return rest;
}

function toPart(block: Block, raw: Raw, place: Place): ContentPart {
  switch (block.type) {
    case "text":
      return compact({ type: "text", text: block.text, cache: block.cache_control });
    case "image":
      return compact({ type: "image", source: readSource(block.source), cache: block.cache_control });
    case "document":
      return compact({ type: "file", source: readSource(block.source), name: block.title, cache: block.cache_control });
    case "thinking":
      return compact({ type: "thinking", text: block.thinking, signature: block.signature });
    case "redacted_thinking":
      return { type: "redacted-thinking", data: block.data };
    case "tool_use":
      // Of the raw input: a schema's copy may lose keys.
      return compact({
        type: "tool-call",
        id: block.id,
        name: block.name,
        arguments: JSON.stringify(raw["input"]),
        cache: block.cache_control,
      });
    case "tool_result": {
      const content = readContent(block.content ?? [], below(place, "content"));
      return compact({ type: "tool-result", callId: block.tool_use_id, content, failed: block.is_error, cache: block.cache_control });
    }
  }
}

function readSource(source: z.infer<typeof documentSource>): MediaSource {
  switch (source.type) {
    case "base64":
      return { kind: "data", mediaType: source.media_type, data: source.data };
    case "text":
      return { kind: "data", mediaType: source.media_type, data: Buffer.from(source.data, "utf8").toString("base64") };
    case "url":
      return { kind: "url", url: source.url };
    case "file":
      return { kind: "id", id: source.file_id };
  }
}
