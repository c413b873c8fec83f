import { type Cancellation, toAbortSignal } from "./cancellation.ts";
import { AppError, isAppError } from "./errors.ts";

/** Node's timers hold no longer time. */
const longestTimerMs = 2 ** 31 - 1;

/** Those somebody waits for. They share one timer: most end long before their time, and a timer each costs more than a rule. */
const watched = new Set<Deadline>();
let timer: NodeJS.Timeout | undefined;
let timerEndsAt = Number.POSITIVE_INFINITY;

function watch(deadline: Deadline): void {
  watched.add(deadline);
  if (deadline.endsAt < timerEndsAt) wakeAt(deadline.endsAt);
}

/** The timer stays for the next one unless nothing is left that would need it: it must not keep a process alive. */
function unwatch(deadline: Deadline): void {
  watched.delete(deadline);
  if (watched.size === 0) wakeAt(Number.POSITIVE_INFINITY);
}

function wakeAt(endsAt: number): void {
  clearTimeout(timer);
  timerEndsAt = endsAt;
  timer =
    endsAt === Number.POSITIVE_INFINITY ? undefined : setTimeout(sweep, Math.min(longestTimerMs, Math.max(0, endsAt - performance.now())));
}

function sweep(): void {
  timerEndsAt = Number.POSITIVE_INFINITY;
  // A timer may fire a fraction of a millisecond early.
  const now = performance.now() + 1;
  let next = Number.POSITIVE_INFINITY;
  for (const deadline of watched) {
    if (deadline.endsAt <= now) deadline.expire();
    else next = Math.min(next, deadline.endsAt);
  }
  if (next < timerEndsAt) wakeAt(next);
}

/**
 * The end of the time a piece of work has. It travels down: whoever waits on its behalf is told when it ends. What is told
 * about it is made only when somebody asks: most work is done before, and an AbortSignal costs more than a plain rule takes.
 */
export class Deadline implements Cancellation {
  /** As `performance.now()` counts; infinite for work that only its caller may end. */
  readonly endsAt: number;
  readonly #outer: Cancellation | undefined;
  #listeners: (() => void)[] | undefined;
  #over = false;
  #abort: (() => void) | undefined;

  constructor(endsAt: number, outer?: Cancellation) {
    this.endsAt = endsAt;
    this.#outer = outer;
  }

  remainingMs(): number {
    return this.endsAt - performance.now();
  }

  passed(): boolean {
    // What was said a fraction of a millisecond early stays said.
    return this.#over || this.#outer?.aborted === true || this.remainingMs() <= 0;
  }

  /** For what takes signals: libraries and variants of plain code. Its reason is `deadline_exceeded`, or why the caller ended it. */
  get signal(): AbortSignal {
    return toAbortSignal(this);
  }

  get aborted(): boolean {
    return this.passed();
  }

  get reason(): AppError {
    return this.#reason();
  }

  addEventListener(_type: "abort", listener: () => void): void {
    this.onEnd(listener);
  }

  removeEventListener(_type: "abort", listener: () => void): void {
    const place = this.#listeners?.indexOf(listener) ?? -1;
    if (place !== -1) this.#listeners!.splice(place, 1);
  }

  /** Calls back at the end of the time or when the caller went away: at most once, at once when that was before. */
  onEnd(listener: () => void): void {
    if (this.passed()) {
      listener();
    } else if (this.#listeners === undefined) {
      this.#listeners = [listener];
      if (this.endsAt !== Number.POSITIVE_INFINITY) watch(this);
      this.#outer?.addEventListener("abort", this.#onAbort, { once: true });
    } else {
      this.#listeners.push(listener);
    }
  }

  /** The promise's result, or the signal's reason at the end of the time, whatever the promise does with the signal. */
  race<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.onEnd(() => reject(this.#reason()));
      promise.then(resolve, reject);
    });
  }

  /** The work is done: nobody is told any more. */
  end(): void {
    if (this.#listeners === undefined) return;
    this.#listeners = [];
    if (this.endsAt !== Number.POSITIVE_INFINITY) unwatch(this);
    this.#outer?.removeEventListener("abort", this.#onAbort);
  }

  /** Its time is up, or its caller gone: everyone who asked is told. */
  expire(): void {
    this.#over = true;
    const listeners = this.#listeners ?? [];
    this.end();
    for (const listener of listeners) listener();
  }

  #reason(): AppError {
    const why: unknown = this.#outer?.aborted === true ? this.#outer.reason : undefined;
    return isAppError(why) ? why : new AppError("deadline_exceeded");
  }

  get #onAbort(): () => void {
    return (this.#abort ??= () => this.expire());
  }
}
