import type { ContentPart, MediaSource } from "../../types.ts";
import { placed } from "../paths.ts";
import { readDataUrl } from "../openai-chat/data-url.ts";
import { invalidRequest, read } from "../openai-chat/refuse.ts";
import { hasOnly } from "./refuse.ts";
import { filePartSchema, imagePartSchema, partListSchema, refusalPartSchema, textPartSchema } from "./request-schema.ts";

type RawPart = Readonly<Record<string, unknown>> & { readonly type: string };

/** What a message or a function's output holds: text, or a list of parts. */
export function parseContent(content: unknown, path: string): ContentPart[] {
  if (typeof content === "string") return [{ type: "text", text: content }];
  if (!Array.isArray(content)) throw invalidRequest([{ path, message: "must be text or a list of parts" }]);
  return read(partListSchema, content, { path, refuse: invalidRequest }).map((part, index) => parsePart(part, `${path}.${index}`));
}

export function foreign(path: string, value: unknown): ContentPart {
  return { type: "foreign", dialect: "openai-responses", path, value };
}

/** Parts of kinds, or with fields, that this gateway does not know are kept as they are. */
function parsePart(part: RawPart, path: string): ContentPart {
  return placed(parseKnown(part, path) ?? foreign(path, part), path);
}

function parseKnown(part: RawPart, path: string): ContentPart | undefined {
  const at = { path, refuse: invalidRequest };
  switch (part.type) {
    case "input_text":
    case "output_text": {
      const { text } = read(textPartSchema, part, at);
      // Of an answer that is sent back; how likely its tokens were is nothing a model reads.
      return hasOnly(part, ["type", "text", "logprobs"]) ? { type: "text", text } : undefined;
    }
    case "refusal": {
      const { refusal } = read(refusalPartSchema, part, at);
      return hasOnly(part, ["type", "refusal"]) ? { type: "refusal", text: refusal } : undefined;
    }
    case "input_image": {
      const image = read(imagePartSchema, part, at);
      if (!hasOnly(part, ["type", "image_url", "file_id", "detail"])) return undefined;
      const source = sourceOf({ url: image.image_url, id: image.file_id }, `${path}.image_url`);
      return source && { type: "image", source, ...(image.detail === undefined ? {} : { detail: image.detail }) };
    }
    case "input_file": {
      const file = read(filePartSchema, part, at);
      if (!hasOnly(part, ["type", "file_data", "file_id", "file_url", "filename"])) return undefined;
      const source = sourceOf({ url: file.file_url, id: file.file_id, data: file.file_data }, `${path}.file_url`);
      return source && { type: "file", source, ...(file.filename === undefined ? {} : { name: file.filename }) };
    }
    default:
      return undefined;
  }
}

/** Undefined when it is given in no way, or in more than one. */
function sourceOf(
  given: { url?: string | undefined; id?: string | undefined; data?: string | undefined },
  path: string,
): MediaSource | undefined {
  if (Object.values(given).filter((value) => value !== undefined).length !== 1) return undefined;
  if (given.id !== undefined) return { kind: "id", id: given.id };
  if (given.data !== undefined) return readDataUrl(given.data);
  const url = given.url!;
  const data = readDataUrl(url);
  if (data === undefined && /^data:/i.test(url)) throw invalidRequest([{ path, message: "must be an address, or a data URL in base64" }]);
  return data ?? { kind: "url", url };
}
