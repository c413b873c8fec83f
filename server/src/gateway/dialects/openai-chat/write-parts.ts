import type { ContentPart } from "../../types.ts";
import { writeDataUrl } from "./data-url.ts";

type Out = Record<string, unknown>;

export interface Writing {
  /** Whether ids in the request can be this provider's: those of another dialect's files name nothing here. */
  readonly knowsIds: boolean;
  /** What cannot be carried: where, and what it is. */
  readonly problems: Map<string, string>;
}

/** OpenAI asks for a file's name; other dialects know files without. */
const unnamedFile = "document";

/** A part of a message's content; empty when it says nothing, or a problem was noted. Marks for a cache are advice and left out. */
export function writePart(part: ContentPart, path: string, writing: Writing): Out[] {
  switch (part.type) {
    case "text":
      return [{ type: "text", text: part.text }];
    case "refusal":
      return [{ type: "refusal", refusal: part.text }];
    case "image":
      return writeImage(part, path, writing);
    case "file":
      return writeFile(part, path, writing);
    case "thinking":
      // Some servers of this format read `reasoning_content`, others fail on it: the model's own thoughts are not a thing to guess with.
      if (part.text !== "" || part.signature !== undefined) writing.problems.set(path, "thinking");
      return [];
    case "foreign":
      if (part.dialect === "openai-chat") return [part.value as Out];
      writing.problems.set(part.path, "");
      return [];
    case "redacted-thinking":
    case "tool-call":
    case "tool-result":
      writing.problems.set(path, part.type);
      return [];
  }
}

function writeImage(part: ContentPart & { type: "image" }, path: string, writing: Writing): Out[] {
  const { source } = part;
  if (source.kind === "id") {
    writing.problems.set(path, "an image by id");
    return [];
  }
  const url = source.kind === "url" ? source.url : writeDataUrl(source);
  return [{ type: "image_url", image_url: { url, ...(part.detail === undefined ? {} : { detail: part.detail }) } }];
}

function writeFile(part: ContentPart & { type: "file" }, path: string, writing: Writing): Out[] {
  const { source } = part;
  if (source.kind === "url" || (source.kind === "id" && !writing.knowsIds)) {
    writing.problems.set(path, source.kind === "url" ? "a file by its address" : "a file by another provider's id");
    return [];
  }
  const name = part.name === undefined ? {} : { filename: part.name };
  if (source.kind === "id") return [{ type: "file", file: { file_id: source.id, ...name } }];
  return [{ type: "file", file: { filename: unnamedFile, ...name, file_data: writeDataUrl(source) } }];
}
