import type { ChatRequest, ChatTool, ContentPart, MediaSource } from "../types.ts";

/** Of an image, whatever its size: about what providers count for a large one. */
const imageTokens = 1600;
/** Of a file that is named by its address: its size is not known here. */
const fileTokens = 4000;
/** How text is measured, and what a message, a tool or a call costs beside its text. */
export interface Measure {
  readonly text: (text: string) => number;
  readonly frame: number;
}
const roughly: Measure = { text: estimateText, frame: 8 };

/**
 * About how many tokens a request is, a little more rather than less: of plain text a token for four characters, of any other
 * script one for each character.
 */
export function estimateTokens(request: ChatRequest, measure = roughly): number {
  const { frame } = measure;
  const ofTool = ({ name, description, parameters }: ChatTool) => frame + ofValue([name, description, parameters], measure);
  const tools = (request.tools ?? []).reduce((sum, tool) => sum + ofTool(tool), 0);
  const messages = request.messages.reduce((sum, { content }) => sum + frame + estimateParts(content, measure), 0);
  const format = request.format?.kind === "schema" ? ofValue(request.format.schema, measure) : 0;
  return frame + estimateParts(request.system, measure) + messages + tools + format;
}

export function estimateText(text: string): number {
  // Where every character is a byte, all are plain; counting bytes is the platform's, and fast.
  if (Buffer.byteLength(text) === text.length) return Math.ceil(text.length / 4);
  let plain = 0;
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) < 128) plain++;
  return Math.ceil(plain / 4) + (text.length - plain);
}

export function estimateParts(parts: readonly ContentPart[], measure = roughly): number {
  return parts.reduce((sum, part) => sum + ofPart(part, measure), 0);
}

function ofPart(part: ContentPart, measure: Measure): number {
  const { text: ofText, frame } = measure;
  switch (part.type) {
    case "text":
    case "refusal":
      return ofText(part.text);
    case "thinking":
      return ofText(part.text);
    case "image":
      return imageTokens;
    case "file":
      return ofFile(part.source);
    case "tool-call":
      return frame + ofText(part.name) + ofText(part.arguments);
    case "tool-result":
      return frame + estimateParts(part.content, measure);
    case "redacted-thinking":
      return ofText(part.data);
    case "foreign":
      return ofValue(part.value, measure);
  }
}

/** Of data, its bytes as if they were text. */
function ofFile(source: MediaSource): number {
  return source.kind === "data" ? Math.ceil((source.data.length * 3) / 4 / 4) : fileTokens;
}

function ofValue(value: unknown, { text }: Measure): number {
  return value === undefined ? 0 : text(JSON.stringify(value));
}
