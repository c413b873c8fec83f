import { z } from "zod";
import type { ContentPart, TextPart } from "../../types.ts";
import { placed } from "../paths.ts";
import { readDataUrl } from "./data-url.ts";
import { invalidRequest, read } from "./refuse.ts";
import { filePartSchema, imagePartSchema, refusalPartSchema, textPartSchema } from "./request-schema.ts";

const partListSchema = z.array(z.looseObject({ type: z.string() }));

type RawPart = Readonly<Record<string, unknown>> & { readonly type: string };

/** A message's content: text, a list of parts, or nothing. */
export function parseContent(content: unknown, path: string): ContentPart[] {
  if (content === null || content === undefined) return [];
  if (typeof content === "string") return [{ type: "text", text: content }];
  if (!Array.isArray(content)) throw invalidRequest([{ path, message: "must be text or a list of parts" }]);
  return read(partListSchema, content, { path, refuse: invalidRequest }).map((part, index) => parsePart(part, `${path}.${index}`));
}

export function isTextOnly(parts: readonly ContentPart[]): parts is readonly TextPart[] {
  return parts.every((part) => part.type === "text");
}

/** Parts of kinds, or with fields, that this gateway does not know are kept as they are. */
function parsePart(part: RawPart, path: string): ContentPart {
  return placed(parseKnown(part, path) ?? { type: "foreign", dialect: "openai-chat", path, value: part }, path);
}

function parseKnown(part: RawPart, path: string): ContentPart | undefined {
  const at = { path, refuse: invalidRequest };
  switch (part.type) {
    case "text": {
      const { text } = read(textPartSchema, part, at);
      return hasOnly(part, ["type", "text"]) ? { type: "text", text } : undefined;
    }
    case "refusal": {
      const { refusal } = read(refusalPartSchema, part, at);
      return hasOnly(part, ["type", "refusal"]) ? { type: "refusal", text: refusal } : undefined;
    }
    case "image_url": {
      const image = read(imagePartSchema, part, at).image_url;
      return hasOnly(part, ["type", "image_url"]) && hasOnly(image, ["url", "detail"]) ? parseImage(image, path) : undefined;
    }
    case "file": {
      const { file } = read(filePartSchema, part, at);
      return hasOnly(part, ["type", "file"]) && hasOnly(file, ["file_data", "file_id", "filename"]) ? parseFile(file) : undefined;
    }
    default:
      return undefined;
  }
}

function parseImage(image: { url: string; detail?: string | undefined }, path: string): ContentPart {
  const detail = image.detail === undefined ? {} : { detail: image.detail };
  const data = readDataUrl(image.url);
  if (data !== undefined) return { type: "image", source: data, ...detail };
  if (!/^data:/i.test(image.url)) return { type: "image", source: { kind: "url", url: image.url }, ...detail };
  throw invalidRequest([{ path: `${path}.image_url.url`, message: "must be an address, or a data URL in base64" }]);
}

function parseFile(file: {
  file_data?: string | undefined;
  file_id?: string | undefined;
  filename?: string | undefined;
}): ContentPart | undefined {
  const name = file.filename === undefined ? {} : { name: file.filename };
  if (file.file_id !== undefined && file.file_data === undefined)
    return { type: "file", source: { kind: "id", id: file.file_id }, ...name };
  const data = file.file_id === undefined && file.file_data !== undefined ? readDataUrl(file.file_data) : undefined;
  return data === undefined ? undefined : { type: "file", source: data, ...name };
}

/** Whether nothing is said in any other field: null is nothing. */
export function hasOnly(value: Readonly<Record<string, unknown>>, keys: readonly string[]): boolean {
  for (const key of Object.keys(value)) if (value[key] !== null && value[key] !== undefined && !keys.includes(key)) return false;
  return true;
}
