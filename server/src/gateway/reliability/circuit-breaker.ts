import type { Clock } from "../../core/index.ts";
import { type SlidingCounts, createSlidingCounts } from "./sliding-counts.ts";

export type CircuitState = "closed" | "open" | "half-open";

export interface CircuitBreakerOptions {
  /** Calls older than this are forgotten. */
  readonly windowMs: number;
  /** Fewer calls than this say nothing. */
  readonly minimumCalls: number;
  /** Share of failures at which it opens. */
  readonly failureRate: number;
  /** How long it stays open before one call may probe. A probe nobody reports on is given up after the same time. */
  readonly openMs: number;
}

export const defaultCircuitBreaker: CircuitBreakerOptions = { windowMs: 30_000, minimumCalls: 10, failureRate: 0.5, openMs: 10_000 };

/** A call that was let through. To be reported on exactly once; only the first report counts. */
export interface CircuitPass {
  succeeded(): void;
  failed(): void;
  /** It says nothing about the target: the caller went away, or the request was wrong. */
  dropped(): void;
}

/** Keeps calls from a target that fails, and lets one through now and then to see whether it still does. */
export class CircuitBreaker {
  readonly #options: CircuitBreakerOptions;
  readonly #clock: Clock;
  #counts: SlidingCounts;
  #openedAt: number | undefined;
  #probe: { readonly startedAt: number } | undefined;

  constructor(clock: Clock, options: CircuitBreakerOptions = defaultCircuitBreaker) {
    this.#clock = clock;
    this.#options = options;
    this.#counts = createSlidingCounts(options.windowMs);
  }

  get state(): CircuitState {
    if (this.#openedAt === undefined) return "closed";
    return this.#clock.now() - this.#openedAt >= this.#options.openMs ? "half-open" : "open";
  }

  /** Until a call may probe. */
  get waitMs(): number {
    return this.#openedAt === undefined ? 0 : Math.max(0, this.#openedAt + this.#options.openMs - this.#clock.now());
  }

  /** Undefined: this target gets nothing now. */
  enter(): CircuitPass | undefined {
    if (this.#openedAt === undefined) return this.#countedPass(this.#counts);
    if (this.state === "open" || this.#isProbing()) return undefined;
    return this.#probingPass();
  }

  #isProbing(): boolean {
    return this.#probe !== undefined && this.#clock.now() - this.#probe.startedAt < this.#options.openMs;
  }

  #countedPass(counts: SlidingCounts): CircuitPass {
    return once((outcome) => {
      // What began before it opened says nothing about the time after.
      if (outcome === "dropped" || this.#openedAt !== undefined || counts !== this.#counts) return;
      const now = this.#clock.now();
      counts.add(now, outcome === "failed");
      if (outcome === "succeeded") return;
      const { calls, failures } = counts.read(now);
      if (calls >= this.#options.minimumCalls && failures >= calls * this.#options.failureRate) this.#openedAt = now;
    });
  }

  #probingPass(): CircuitPass {
    const probe = { startedAt: this.#clock.now() };
    this.#probe = probe;
    return once((outcome) => {
      // Given up, and another is on its way.
      if (this.#probe !== probe) return;
      this.#probe = undefined;
      if (outcome === "failed") this.#openedAt = this.#clock.now();
      if (outcome !== "succeeded") return;
      this.#openedAt = undefined;
      this.#counts = createSlidingCounts(this.#options.windowMs);
    });
  }
}

function once(report: (outcome: "succeeded" | "failed" | "dropped") => void): CircuitPass {
  let reported = false;
  const tell = (outcome: "succeeded" | "failed" | "dropped") => () => {
    if (reported) return;
    reported = true;
    report(outcome);
  };
  return { succeeded: tell("succeeded"), failed: tell("failed"), dropped: tell("dropped") };
}

/** One breaker for each target, made when it is first asked for. */
export interface CircuitBreakers {
  of(target: string): CircuitBreaker;
  /** By target. */
  states(): ReadonlyMap<string, CircuitState>;
}

export function createCircuitBreakers(clock: Clock, options?: CircuitBreakerOptions): CircuitBreakers {
  const breakers = new Map<string, CircuitBreaker>();
  return {
    of: (target) => {
      let found = breakers.get(target);
      if (found === undefined) breakers.set(target, (found = new CircuitBreaker(clock, options)));
      return found;
    },
    states: () => new Map([...breakers].map(([target, breaker]) => [target, breaker.state])),
  };
}
