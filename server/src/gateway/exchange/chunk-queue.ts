/** What the queue steers: the connection under it. */
export interface ChunkSource {
  pause(): void;
  resume(): void;
  /** The reader wants no more. */
  leave(): void;
}

/** Bytes held before the provider is told to wait. */
const highWater = 65_536;

/** The pieces of a streamed answer between the connection that brings them and the one reader that takes them. */
export class ChunkQueue implements AsyncIterableIterator<Uint8Array> {
  readonly #source: ChunkSource;
  #chunks: Uint8Array[] = [];
  #held = 0;
  #end: { readonly error: unknown } | "whole" | undefined;
  #waiting: { resolve(result: IteratorResult<Uint8Array>): void; reject(error: unknown): void } | undefined;

  constructor(source: ChunkSource) {
    this.#source = source;
  }

  push(chunk: Uint8Array): void {
    if (this.#end !== undefined) return;
    if (this.#waiting !== undefined) {
      this.#take().resolve({ done: false, value: chunk });
      return;
    }
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    if (this.#held >= highWater) this.#source.pause();
  }

  finish(): void {
    if (this.#end !== undefined) return;
    this.#end = "whole";
    if (this.#waiting !== undefined) this.#take().resolve({ done: true, value: undefined });
  }

  /** What was received before can still be read; then the error comes. */
  fail(error: unknown): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    if (this.#waiting !== undefined) this.#take().reject(error);
  }

  /** All that is here, as one piece: a provider that is fast brings hundreds of small ones at once, and each would be a turn. */
  next(): Promise<IteratorResult<Uint8Array>> {
    if (this.#chunks.length > 0) {
      const value = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks, this.#held);
      const wasFull = this.#held >= highWater;
      this.#chunks = [];
      this.#held = 0;
      if (wasFull) this.#source.resume();
      return Promise.resolve({ done: false, value });
    }
    if (this.#end === "whole") return Promise.resolve({ done: true, value: undefined });
    if (this.#end !== undefined) return Promise.reject(this.#end.error);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  /** A loop that is left, however: nothing more is wanted. */
  return(): Promise<IteratorResult<Uint8Array>> {
    this.#chunks = [];
    this.finish();
    this.#source.leave();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #take() {
    const waiting = this.#waiting!;
    this.#waiting = undefined;
    return waiting;
  }
}
