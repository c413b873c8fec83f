import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createManualClock, silentLogger } from "../core/index.ts";
import { ScheduleRunner } from "./run-schedules.ts";

const [minuteMs, dayMs] = [60_000, 86_400_000];
let runs: number;
beforeEach(() => {
  runs = 0;
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A process that is started `sinceMs` after the schedule ran last, or never ran it, and lives for a while. */
async function live(forMs: number, sinceMs: number | null): Promise<void> {
  const clock = createManualClock(Date.UTC(2026, 2, 5));
  const runner = new ScheduleRunner({ clock, logger: silentLogger, leads: () => true });
  runner.define("daily", dayMs, async () => {
    runs += 1;
  });
  const lastRunAt = sinceMs === null ? null : new Date(clock.now() - sinceMs).toISOString();
  runner.start([{ name: "daily", everySeconds: dayMs / 1000, lastRunAt }]);
  await vi.advanceTimersByTimeAsync(forMs);
  await runner.close();
}

test("a schedule that never ran runs ten minutes after the start, however rare it is", async () => {
  await live(10 * minuteMs - 1, null);
  expect(runs).toBe(0);
  await live(10 * minuteMs, null);
  expect(runs).toBe(1);
});

test("one that was due while nothing ran runs at once, one that was not waits for the rest of its time", async () => {
  await live(1, 3 * dayMs);
  expect(runs).toBe(1);
  await live(minuteMs - 1, dayMs - minuteMs);
  expect(runs).toBe(1);
  await live(minuteMs, dayMs - minuteMs);
  expect(runs).toBe(2);
});
