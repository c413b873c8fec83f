/** Gives a slot back; a second time does nothing. */
export type Release = () => void;

export interface SlotsOptions {
  /** Calls at once. */
  readonly most: number;
  /** Calls that may wait for one of them to end. */
  readonly queue: number;
  /** How long each may. */
  readonly waitMs: number;
}

/** Why there is no slot: the queue is full, the wait was too long, or the caller is gone. */
export type NoSlot = "full" | "waited" | "gone";

interface Waiter {
  readonly take: (release: Release) => void;
}

/** Bounds what one target does at once. Whoever comes first is served first. */
export class Slots {
  readonly options: SlotsOptions;
  readonly #queue = new Set<Waiter>();
  #used = 0;

  constructor(options: SlotsOptions) {
    this.options = options;
  }

  get used(): number {
    return this.#used;
  }

  get waiting(): number {
    return this.#queue.size;
  }

  /** The signal is asked for only by those who must wait. Never rejects. */
  take(signal: () => AbortSignal): Release | Promise<Release | NoSlot> | NoSlot {
    if (this.#used < this.options.most) {
      this.#used += 1;
      return this.#release();
    }
    if (this.#queue.size >= this.options.queue) return "full";
    return this.#wait(signal());
  }

  #wait(signal: AbortSignal): Promise<Release | NoSlot> | NoSlot {
    if (signal.aborted) return "gone";
    return new Promise((resolve) => {
      const leave = (outcome: Release | NoSlot) => {
        clearTimeout(timer);
        signal.removeEventListener("abort", onAbort);
        this.#queue.delete(waiter);
        resolve(outcome);
      };
      const waiter: Waiter = { take: leave };
      const onAbort = () => leave("gone");
      const timer = setTimeout(() => leave("waited"), this.options.waitMs);
      signal.addEventListener("abort", onAbort, { once: true });
      this.#queue.add(waiter);
    });
  }

  #release(): Release {
    let isBack = false;
    return () => {
      if (isBack) return;
      isBack = true;
      const [next] = this.#queue;
      // It goes from hand to hand: nobody who comes later can take it in between.
      if (next === undefined) this.#used -= 1;
      else next.take(this.#release());
    };
  }
}
