/** What a chunk of a stream may hold. Nothing of it is certain: servers differ, so the reader looks before it takes. */
export interface Chunk {
  readonly id?: unknown;
  readonly model?: unknown;
  readonly choices?: unknown;
  readonly usage?: unknown;
  readonly error?: unknown;
}

export interface ChunkChoice {
  readonly index?: unknown;
  readonly delta?: Delta | null;
  readonly finish_reason?: unknown;
  readonly logprobs?: unknown;
}

export interface Delta {
  readonly content?: unknown;
  readonly refusal?: unknown;
  readonly reasoning_content?: unknown;
  readonly tool_calls?: unknown;
}

export interface DeltaCall {
  readonly index?: unknown;
  readonly id?: unknown;
  readonly function?: { readonly name?: unknown; readonly arguments?: unknown } | null;
}

/** The chunk in an event's data; undefined when it is no JSON object. */
export function parseChunk(data: string): Chunk | undefined {
  try {
    const chunk: unknown = JSON.parse(data);
    return typeof chunk === "object" && chunk !== null && !Array.isArray(chunk) ? chunk : undefined;
  } catch {
    return undefined;
  }
}
