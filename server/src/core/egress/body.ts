import type { Exchange } from "./types.ts";

/** Bytes held before the other side is told to wait. */
const highWater = 65_536;

/** The pieces of a body between the connection that brings them and the one loop that takes them. */
export class BodyQueue implements AsyncIterableIterator<Uint8Array> {
  #exchange: Exchange | undefined;
  readonly #chunks: Uint8Array[] = [];
  #held = 0;
  #end: { error: unknown } | "whole" | undefined;
  #waiting: { resolve(result: IteratorResult<Uint8Array>): void; reject(error: unknown): void } | undefined;

  attach(exchange: Exchange): void {
    this.#exchange = exchange;
  }

  push(chunk: Uint8Array): void {
    if (this.#waiting !== undefined) {
      const waiting = this.#waiting;
      this.#waiting = undefined;
      waiting.resolve({ done: false, value: chunk });
      return;
    }
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    if (this.#held >= highWater) this.#exchange?.pause();
  }

  finish(): void {
    this.#end ??= "whole";
    this.#waiting?.resolve({ done: true, value: undefined });
    this.#waiting = undefined;
  }

  /** What was received before can still be read; then the error comes. */
  fail(error: unknown): void {
    this.#end ??= { error };
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }

  next(): Promise<IteratorResult<Uint8Array>> {
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) {
      this.#held -= chunk.length;
      if (this.#held < highWater) this.#exchange?.resume();
      return Promise.resolve({ done: false, value: chunk });
    }
    if (this.#end === "whole") return Promise.resolve({ done: true, value: undefined });
    if (this.#end !== undefined) return Promise.reject(this.#end.error);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  return(): Promise<IteratorResult<Uint8Array>> {
    this.#chunks.length = 0;
    this.#exchange?.cancel(new Error("The body was left unread."));
    this.#end = "whole";
    this.#waiting?.resolve({ done: true, value: undefined });
    this.#waiting = undefined;
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
