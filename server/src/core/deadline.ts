import { AppError } from "./errors.ts";

/** Node's timers hold no longer time; what has longer, or no end, needs none. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * The end of the time a piece of work has. It travels down: whoever waits on its behalf is told when it ends. What is told
 * about it is made only when somebody asks: most work is done before, and an AbortSignal costs more than a plain rule takes.
 */
export class Deadline {
  /** As `performance.now()` counts; infinite for work that only its caller may end. */
  readonly endsAt: number;
  readonly #outer: AbortSignal | undefined;
  #listeners: (() => void)[] | undefined;
  #controller: AbortController | undefined;
  #timer: NodeJS.Timeout | undefined;
  #over = false;

  constructor(endsAt: number, outer?: AbortSignal) {
    this.endsAt = endsAt;
    this.#outer = outer;
  }

  remainingMs(): number {
    return this.endsAt - performance.now();
  }

  passed(): boolean {
    // A timer may fire a fraction of a millisecond early: what it said stays said.
    return this.#over || this.#outer?.aborted === true || this.remainingMs() <= 0;
  }

  /** For what takes signals: libraries and variants of plain code. Its reason is `deadline_exceeded`. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      const controller = new AbortController();
      this.#controller = controller;
      this.onEnd(() => controller.abort(new AppError("deadline_exceeded")));
    }
    return this.#controller.signal;
  }

  /** Calls back at the end of the time or when the caller went away: at most once, at once when that was before. */
  onEnd(listener: () => void): void {
    if (this.passed()) {
      listener();
    } else if (this.#listeners === undefined) {
      this.#listeners = [listener];
      const left = this.remainingMs();
      if (left <= longestTimerMs) this.#timer = setTimeout(this.#expire, Math.max(0, left));
      this.#outer?.addEventListener("abort", this.#expire, { once: true });
    } else {
      this.#listeners.push(listener);
    }
  }

  /** The promise's result, or `deadline_exceeded` at the end of the time, whatever the promise does with the signal. */
  race<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.onEnd(() => reject(new AppError("deadline_exceeded")));
      promise.then(resolve, reject);
    });
  }

  /** The work is done: nobody is told any more, and the timer is freed. */
  end(): void {
    if (this.#listeners === undefined) return;
    this.#listeners = [];
    clearTimeout(this.#timer);
    this.#outer?.removeEventListener("abort", this.#expire);
  }

  readonly #expire = (): void => {
    this.#over = true;
    const listeners = this.#listeners!;
    this.end();
    for (const listener of listeners) listener();
  };
}
