import type { Jobs } from "../../jobs/index.ts";
import type { Archive } from "./types.ts";

const hourlyMs = 3_600_000;

/** Before the jobs start. Each run does all that is due, so one that was missed or cut off is made up for by the next. */
export function defineArchiveSchedules(jobs: Pick<Jobs, "defineSchedule">, archive: Archive): void {
  jobs.defineSchedule("functions.close-hours", hourlyMs, async ({ signal }) => {
    await archive.closeHours({ signal });
  });
  jobs.defineSchedule("functions.retain-evidence", 6 * hourlyMs, async ({ signal }) => {
    await archive.retain({ signal });
  });
}
