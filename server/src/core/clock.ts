/** Milliseconds since the Unix epoch, from one injectable place. */
export interface Clock {
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

/** A clock that stands still until told; for tests and replays. */
export function createManualClock(start: number): Clock & { set(time: number): void; advance(ms: number): void } {
  let time = start;
  return {
    now: () => time,
    set: (next) => {
      time = next;
    },
    advance: (ms) => {
      time += ms;
    },
  };
}
