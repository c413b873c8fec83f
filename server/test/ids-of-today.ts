import { afterAll } from "vitest";
import { systemClock } from "../src/core/clock.ts";
import { createId, idTime } from "../src/core/ids.ts";

// Ids of a process only ever increase, and files share one: what a clock of the future leaves behind is in no partition of today's.
afterAll(() => {
  const aheadMs = idTime(createId()) - systemClock.now();
  if (aheadMs > 24 * 3_600_000)
    throw new Error(
      `This file leaves ids ${Math.round(aheadMs / 3_600_000)} hours ahead to the next one: set its clock in the past, or run it apart.`,
    );
});
