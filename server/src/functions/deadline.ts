import { AppError } from "../core/index.ts";

/**
 * The end of the time a piece of work has. The signal and its timer are made only when somebody asks for them: a plain
 * rules variant never does, and they would cost more than the rest of its request.
 */
export class Deadline {
  /** As `performance.now()` counts. */
  readonly endsAt: number;
  readonly #outer: AbortSignal | undefined;
  #controller: AbortController | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(endsAt: number, outer?: AbortSignal) {
    this.endsAt = endsAt;
    this.#outer = outer;
  }

  remainingMs(): number {
    return this.endsAt - performance.now();
  }

  passed(): boolean {
    // A timer may fire a fraction of a millisecond early: what the signal said stays said.
    return this.#controller?.signal.aborted === true || this.#outer?.aborted === true || this.remainingMs() <= 0;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      const controller = new AbortController();
      this.#controller = controller;
      const abort = () => controller.abort(new AppError("deadline_exceeded"));
      if (this.passed()) abort();
      else this.#timer = setTimeout(abort, Math.max(0, this.remainingMs()));
      this.#outer?.addEventListener("abort", abort, { once: true, signal: controller.signal });
    }
    return this.#controller.signal;
  }

  /** The promise's result, or `deadline_exceeded` at the end of the time, whatever the promise does with the signal. */
  async race<T>(promise: Promise<T>): Promise<T> {
    const signal = this.signal;
    let onAbort: (() => void) | undefined;
    const cut = new Promise<never>((_resolve, reject) => {
      onAbort = () => reject(signal.reason as Error);
      if (signal.aborted) onAbort();
      else signal.addEventListener("abort", onAbort, { once: true });
    });
    try {
      return await Promise.race([promise, cut]);
    } finally {
      signal.removeEventListener("abort", onAbort!);
    }
  }

  /** Frees the timer. */
  end(): void {
    clearTimeout(this.#timer);
  }
}
