import type { ContentPart, MediaSource } from "../../types.ts";
import { writeDataUrl } from "../openai-chat/data-url.ts";

export type Out = Record<string, unknown>;

export interface Writing {
  /** Whether ids in the request can be this provider's: those of another dialect's files name nothing here. */
  readonly knowsIds: boolean;
  /** What cannot be carried: where, and what it is. */
  readonly problems: Map<string, string>;
}

/** OpenAI asks for the name of a file that is sent; other dialects know files without. */
const unnamedFile = "document";

/** A part of what a user says or a function gives; empty when a problem was noted. Marks for a cache are advice and left out. */
export function writeInputPart(part: ContentPart, path: string, writing: Writing): Out[] {
  switch (part.type) {
    case "text":
      return [{ type: "input_text", text: part.text }];
    case "image":
      return writeSource(part.source, path, writing).map((source) => ({ type: "input_image", detail: part.detail ?? "auto", ...source }));
    case "file": {
      const name = part.name ?? (part.source.kind === "data" ? unnamedFile : undefined);
      return writeSource(part.source, path, writing).map(({ image_url: url, ...source }) => ({
        type: "input_file",
        ...(name === undefined ? {} : { filename: name }),
        ...(url === undefined ? source : { [part.source.kind === "data" ? "file_data" : "file_url"]: url }),
      }));
    }
    case "foreign":
      if (part.dialect === "openai-responses") return [part.value as Out];
      writing.problems.set(part.path, "");
      return [];
    default:
      writing.problems.set(path, part.type);
      return [];
  }
}

function writeSource(source: MediaSource, path: string, writing: Writing): Out[] {
  if (source.kind === "url") return [{ image_url: source.url }];
  if (source.kind === "data") return [{ image_url: writeDataUrl(source) }];
  if (writing.knowsIds) return [{ file_id: source.id }];
  writing.problems.set(path, "a file by another provider's id");
  return [];
}
