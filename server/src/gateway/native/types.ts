import type { ChatEvent, ChatRequest } from "../types.ts";

/** Models that answer in no dialect, over no HTTP of ours. */
export interface NativeSource {
  /** What it cannot carry is `untranslatable`, thrown before the first event. A loop that is left, or the signal, stops the answer at once. */
  ask(model: string, request: ChatRequest, signal: AbortSignal): AsyncIterable<ChatEvent>;
  /** Ends what it started. */
  close(): void;
}

/** By provider. */
export type NativeSources = Readonly<Record<string, NativeSource>>;
