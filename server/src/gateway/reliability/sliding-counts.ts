export interface SlidingCounts {
  add(now: number, isFailure: boolean): void;
  read(now: number): { readonly calls: number; readonly failures: number };
}

const slots = 10;

/** Calls and failures of the last while, in ten slots: a busy target costs no more than a quiet one. Exact to a tenth of the window. */
export function createSlidingCounts(windowMs: number): SlidingCounts {
  const slotMs = Math.max(1, windowMs / slots);
  const ring = Array.from({ length: slots }, () => ({ slot: -1, calls: 0, failures: 0 }));
  return {
    add: (now, isFailure) => {
      const slot = Math.floor(now / slotMs);
      const entry = ring[slot % slots]!;
      if (entry.slot !== slot) Object.assign(entry, { slot, calls: 0, failures: 0 });
      entry.calls += 1;
      if (isFailure) entry.failures += 1;
    },
    read: (now) => {
      const oldest = Math.floor(now / slotMs) - slots;
      let calls = 0;
      let failures = 0;
      for (const entry of ring) {
        if (entry.slot <= oldest) continue;
        calls += entry.calls;
        failures += entry.failures;
      }
      return { calls, failures };
    },
  };
}
