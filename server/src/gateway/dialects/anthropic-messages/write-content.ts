import type { ContentPart, MediaSource } from "../../types.ts";
import { pathOf } from "../paths.ts";
import { compact, isRecord } from "./check-shape.ts";

export interface Writing {
  /** Whether what is written came in this dialect: only then are ids of files and signatures this provider's. */
  readonly own: boolean;
  /** What cannot be carried, by path, and why. Collected, so that a caller learns all of it at once. */
  readonly problems: Map<string, string>;
}

/** Canonical parts in content blocks. */
export function writeContent(parts: readonly ContentPart[], path: string, writing: Writing): Record<string, unknown>[] {
  return parts.flatMap((part, index) => {
    // Other dialects write empty text beside tool calls; the API refuses it.
    if (part.type === "text" && part.text === "" && !writing.own) return [];
    return [writePart(part, pathOf(part, `${path}.${index}`), writing)];
  });
}

function writePart(part: ContentPart, path: string, writing: Writing): Record<string, unknown> {
  switch (part.type) {
    case "text":
      return compact({ type: "text", text: part.text, cache_control: part.cache });
    case "refusal":
      return { type: "text", text: part.text };
    case "image":
      if (part.detail !== undefined && part.detail !== "auto") writing.problems.set(`${path}.detail`, "");
      return compact({ type: "image", source: writeSource(part.source, path, writing), cache_control: part.cache });
    case "file":
      return compact({ type: "document", source: fileSource(part.source, path, writing), title: part.name, cache_control: part.cache });
    case "thinking":
      if (part.signature === undefined) writing.problems.set(path, "a thought without its signature");
      return { type: "thinking", thinking: part.text, signature: part.signature ?? "" };
    case "redacted-thinking":
      return { type: "redacted_thinking", data: part.data };
    case "tool-call":
      return compact({ type: "tool_use", id: part.id, name: part.name, input: writeInput(part, path, writing), cache_control: part.cache });
    case "tool-result": {
      const content = writeContent(part.content, `${path}.content`, writing);
      return compact({ type: "tool_result", tool_use_id: part.callId, content, is_error: part.failed, cache_control: part.cache });
    }
    case "foreign":
      if (part.dialect === "anthropic-messages" && isRecord(part.value)) return part.value;
      writing.problems.set(part.path, `of ${part.dialect}`);
      return {};
  }
}

function writeInput(call: { id: string; arguments: string }, path: string, writing: Writing): unknown {
  const input = parseArguments(call.arguments);
  if (input === undefined) writing.problems.set(`${path}.arguments`, `those of the call "${call.id}" are not a JSON object`);
  return input ?? {};
}

/** A tool's arguments; undefined when they are not a JSON object. A tool called without any has empty text. */
export function parseArguments(text: string): Record<string, unknown> | undefined {
  if (text.trim() === "") return {};
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The API takes plain text as text, not in base64. */
function fileSource(source: MediaSource, path: string, writing: Writing): unknown {
  if (source.kind !== "data" || source.mediaType !== "text/plain") return writeSource(source, path, writing);
  try {
    const data = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(source.data, "base64"));
    return { type: "text", media_type: "text/plain", data };
  } catch {
    writing.problems.set(path, "a text file that is not UTF-8");
    return {};
  }
}

function writeSource(source: MediaSource, path: string, writing: Writing): unknown {
  switch (source.kind) {
    case "data":
      return { type: "base64", media_type: source.mediaType, data: source.data };
    case "url":
      return { type: "url", url: source.url };
    case "id":
      if (!writing.own) writing.problems.set(path, "a file of another provider");
      return { type: "file", file_id: source.id };
  }
}
