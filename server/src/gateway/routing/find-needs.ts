import { estimateTokens } from "../budgets/estimate-tokens.ts";
import type { ChatRequest, ContentPart } from "../types.ts";

/** What a request asks of a model beside words. */
export interface Needs {
  readonly tools: boolean;
  readonly images: boolean;
  /** An answer that keeps a JSON schema. */
  readonly schema: boolean;
  /** Of the prompt and the answer together, about. */
  readonly contextTokens: number;
}

export function findNeeds(request: ChatRequest): Needs {
  return {
    tools: (request.tools ?? []).length > 0,
    images: hasImages(request),
    schema: request.format?.kind === "schema",
    contextTokens: estimateTokens(request) + (request.maxTokens ?? 0),
  };
}

export function hasImages({ messages }: ChatRequest): boolean {
  return messages.some(({ content }) => content.some(isImage));
}

function isImage(part: ContentPart): boolean {
  return part.type === "image" || (part.type === "tool-result" && part.content.some(isImage));
}
