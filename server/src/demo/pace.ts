export interface Pace {
  /** How many requests may be under way now. */
  readonly limit: number;
  /** Waits for a place; give it back with what the answer took, by the server's own clock. */
  enter(): Promise<void>;
  leave(answer: { readonly latencyMs: number; readonly fallback: boolean }): void;
}

export interface PaceOptions {
  /** The function's latency budget. */
  readonly budgetMs: number;
  readonly most: number;
  readonly sleep?: (ms: number) => Promise<void>;
}

/** An answer over this share of the budget says that the machine has enough to do. */
const comfortable = 0.4;
/** Rest after a slow answer while only one request is under way, as a multiple of what it took; and all rest there may be. */
const restFactor = 2;
const mostRestMs = 15_000;

/**
 * How much a client that is free to choose may ask at once: one request more for each round of answers well within the budget,
 * half as many after a slow one (additive increase, multiplicative decrease). Real mail does not come 4,000 a minute; a replay
 * that does on a busy machine would measure itself. What is slow all alone stays slow: nothing here hides a slow model.
 */
export function createPace({ budgetMs, most, sleep = pause }: PaceOptions): Pace {
  let limit = 1;
  let underWay = 0;
  let good = 0;
  /** Answers that were asked before the last halving say nothing new. */
  let grace = 0;
  let resting: Promise<void> | undefined;
  let restLeftMs = mostRestMs;
  const waiting: (() => void)[] = [];

  function admit(): void {
    while (underWay < limit && waiting.length > 0 && resting === undefined) {
      underWay++;
      waiting.shift()!();
    }
  }

  function slowDown(latencyMs: number): void {
    good = 0;
    if (limit > 1) {
      limit = Math.max(1, Math.floor(limit / 2));
      grace = underWay;
      return;
    }
    // A machine that is always too slow is not waited for: what it measures is then true.
    const restMs = Math.min(latencyMs * restFactor, restLeftMs);
    if (restMs <= 0) return;
    restLeftMs -= restMs;
    resting = sleep(restMs).then(() => {
      resting = undefined;
      admit();
    });
  }

  return {
    get limit() {
      return limit;
    },
    enter() {
      const entered = new Promise<void>((resolve) => waiting.push(resolve));
      admit();
      return entered;
    },
    leave({ latencyMs, fallback }) {
      underWay--;
      const isOld = grace > 0;
      if (isOld) grace--;
      if (fallback || latencyMs > budgetMs * comfortable) {
        if (!isOld) slowDown(latencyMs);
      } else if (++good >= limit && limit < most) {
        limit++;
        good = 0;
      }
      admit();
    },
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
