import { AppError, type Clock, type Context, type Logger, systemContext } from "../core/index.ts";
import type { ScheduleRun } from "./repository.ts";
import type { Schedule } from "./types.ts";

/** A schedule that never ran waits no longer than this: a daily one would never run where a process lives for less than a day. */
const firstRunMs = 600_000;

interface Entry {
  readonly name: string;
  readonly everyMs: number;
  readonly run: (context: Context) => Promise<void>;
  lastRunAt: number | null;
  /** True once `lastRunAt` is in the table. */
  noted: boolean;
  timer: NodeJS.Timeout | undefined;
  running: Promise<void>;
}

/** Timers of every schedule; they fire on every node that works and do something only on the one that leads. */
export class ScheduleRunner {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #leads: () => boolean;
  readonly #entries = new Map<string, Entry>();
  readonly #closing = new AbortController();

  constructor(deps: { clock: Clock; logger: Logger; leads: () => boolean }) {
    this.#clock = deps.clock;
    this.#logger = deps.logger;
    this.#leads = deps.leads;
  }

  define(name: string, everyMs: number, run: (context: Context) => Promise<void>): void {
    if (this.#entries.has(name)) throw new AppError("internal", `The schedule ${name} is defined twice.`);
    this.#entries.set(name, { name, everyMs, run, lastRunAt: null, noted: false, timer: undefined, running: Promise.resolve() });
  }

  /** `known` says when each ran last, so that a daily one is not a day late after every restart. */
  start(known: readonly Schedule[]): void {
    const lastRuns = new Map(known.map((schedule) => [schedule.name, schedule.lastRunAt]));
    for (const entry of this.#entries.values()) {
      const lastRunAt = lastRuns.get(entry.name) ?? null;
      const dueAt = lastRunAt === null ? this.#clock.now() + firstRunMs : Date.parse(lastRunAt) + entry.everyMs;
      this.#arm(entry, Math.min(Math.max(dueAt - this.#clock.now(), 0), entry.everyMs));
    }
  }

  #arm(entry: Entry, ms: number): void {
    entry.timer = setTimeout(
      () => {
        entry.running = this.#fire(entry).then(() => {
          if (!this.#closing.signal.aborted) this.#arm(entry, entry.everyMs);
        });
      },
      // Timers hold 31 bits of milliseconds.
      Math.min(ms, 2_000_000_000),
    );
  }

  async #fire(entry: Entry): Promise<void> {
    if (!this.#leads()) return;
    entry.lastRunAt = this.#clock.now();
    entry.noted = false;
    try {
      await entry.run({ ...systemContext("jobs"), signal: this.#closing.signal });
    } catch (error) {
      if (!this.#closing.signal.aborted)
        this.#logger.error({ err: error, schedule: entry.name }, "a scheduled run failed; the next one comes");
    }
  }

  /** Every schedule not yet written since it was defined or ran. */
  takeRuns(): ScheduleRun[] {
    const runs: ScheduleRun[] = [];
    for (const entry of this.#entries.values()) {
      if (entry.noted) continue;
      entry.noted = true;
      runs.push({
        name: entry.name,
        everyMs: entry.everyMs,
        lastRunAt: entry.lastRunAt === null ? null : new Date(entry.lastRunAt).toISOString(),
      });
    }
    return runs;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    for (const entry of this.#entries.values()) clearTimeout(entry.timer);
    await Promise.all([...this.#entries.values()].map((entry) => entry.running));
  }
}
