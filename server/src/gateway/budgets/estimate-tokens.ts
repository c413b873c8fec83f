import type { ChatRequest, ContentPart, MediaSource } from "../types.ts";

/** Of an image, whatever its size: about what providers count for a large one. */
const imageTokens = 1600;
/** Of a file that is named by its address: its size is not known here. */
const fileTokens = 4000;
/** What a message, a tool or a call costs beside its text. */
const frameTokens = 8;

/**
 * About how many tokens a request is, a little more rather than less: of plain text a token for four characters, of any other
 * script one for each character.
 */
export function estimateTokens(request: ChatRequest): number {
  const tools = (request.tools ?? []).reduce((sum, tool) => sum + frameTokens + ofValue([tool.name, tool.description, tool.parameters]), 0);
  const messages = request.messages.reduce((sum, { content }) => sum + frameTokens + estimateParts(content), 0);
  const format = request.format?.kind === "schema" ? ofValue(request.format.schema) : 0;
  return frameTokens + estimateParts(request.system) + messages + tools + format;
}

export function estimateText(text: string): number {
  let plain = 0;
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) < 128) plain++;
  return Math.ceil(plain / 4) + (text.length - plain);
}

export function estimateParts(parts: readonly ContentPart[]): number {
  return parts.reduce((sum, part) => sum + ofPart(part), 0);
}

function ofPart(part: ContentPart): number {
  switch (part.type) {
    case "text":
    case "refusal":
      return estimateText(part.text);
    case "thinking":
      return estimateText(part.text);
    case "image":
      return imageTokens;
    case "file":
      return ofFile(part.source);
    case "tool-call":
      return frameTokens + estimateText(part.name) + estimateText(part.arguments);
    case "tool-result":
      return frameTokens + estimateParts(part.content);
    case "redacted-thinking":
      return estimateText(part.data);
    case "foreign":
      return ofValue(part.value);
  }
}

/** Of data, its bytes as if they were text. */
function ofFile(source: MediaSource): number {
  return source.kind === "data" ? Math.ceil((source.data.length * 3) / 4 / 4) : fileTokens;
}

function ofValue(value: unknown): number {
  return value === undefined ? 0 : estimateText(JSON.stringify(value));
}
