/**
 * As much of an `AbortSignal` as waiting for one takes; every AbortSignal is one. On the path of every call plain ones are used: making
 * a real one and listening to it costs as much as reading a request.
 */
export interface Cancellation {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: "abort", listener: () => void, options?: { readonly once: boolean }): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** A plain one, which somebody ends once. */
export class Ending implements Cancellation {
  aborted = false;
  reason: unknown;
  readonly #listeners: (() => void)[] = [];

  /** Tells those who listen. Only the first reason counts. */
  abort(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    for (const listener of this.#listeners.splice(0)) listener();
  }

  /** Each listener hears it once. */
  addEventListener(_type: "abort", listener: () => void): void {
    if (!this.aborted) this.#listeners.push(listener);
  }

  removeEventListener(_type: "abort", listener: () => void): void {
    const place = this.#listeners.indexOf(listener);
    if (place !== -1) this.#listeners.splice(place, 1);
  }
}

const signals = new WeakMap<Cancellation, AbortSignal>();

/** For what takes nothing less: Node's timers, packages. */
export function toAbortSignal(cancellation: Cancellation): AbortSignal {
  if (cancellation instanceof AbortSignal) return cancellation;
  const known = signals.get(cancellation);
  if (known !== undefined) return known;
  const controller = new AbortController();
  const end = () => controller.abort(cancellation.reason);
  if (cancellation.aborted) end();
  else cancellation.addEventListener("abort", end, { once: true });
  signals.set(cancellation, controller.signal);
  return controller.signal;
}
