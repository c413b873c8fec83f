import { type Logger, isAppError } from "../../core/index.ts";
import type { AppOptions, ListeningSocket } from "../types.ts";
import { type Incumbent, type Shared, idleMsOverlapping } from "./incumbent.ts";
import { type StartedProcess, startProcess } from "./started-process.ts";

/** A process whose predecessor can answer has to be able to as well, within this; else it does not take over. */
const readyWithinMs = 30_000;

export interface KeeperDeps {
  readonly first: Incumbent;
  readonly options: AppOptions;
  /** PostgreSQL: two processes may serve at a time. Else the first has to close the store before the second opens it. */
  readonly mayOverlap: boolean;
  readonly logger: Logger;
}

/**
 * The process that was started by a person or a supervisor, and stays: it does the work itself until the configuration changes
 * for the first time, then it only stands for the process that does. A changed configuration gets a process of its own, which
 * checks it before anything else; what serves goes on serving until that one can.
 */
export class Keeper {
  /** The exit code of the work, once it has ended. */
  readonly ended: Promise<number>;
  readonly #deps: Omit<KeeperDeps, "first">;
  #current: Incumbent;
  /** The work is done by another process. */
  #isKept = false;
  #starting: StartedProcess | undefined;
  #handingOver: Promise<void> | undefined;
  #again = false;
  #stopping: Promise<void> | undefined;
  #end: (code: number) => void = () => {};

  constructor({ first, ...deps }: KeeperDeps) {
    this.#deps = deps;
    this.#current = first;
    this.ended = new Promise((resolve) => {
      this.#end = (code) => {
        this.#starting?.kill();
        resolve(code);
      };
    });
  }

  get url(): string {
    return this.#current.url;
  }

  /** Starts a process with the configuration as it is now; a change during that starts one more afterwards. Never rejects. */
  reload(): Promise<void> {
    if (this.#stopping !== undefined) return this.#stopping;
    if (this.#handingOver !== undefined) {
      this.#again = true;
      return this.#handingOver;
    }
    this.#handingOver = this.#reloadOften().finally(() => {
      this.#handingOver = undefined;
    });
    return this.#handingOver;
  }

  async #reloadOften(): Promise<void> {
    do {
      this.#again = false;
      let problem: string | null = null;
      try {
        await this.#handOver();
      } catch (error) {
        if (this.#stopping !== undefined) return;
        problem = error instanceof Error ? error.message : String(error);
        const details = isAppError(error) ? error.details : {};
        this.#deps.logger.error({ details }, `the configuration before goes on: ${problem}`);
      }
      // Whoever serves now may be gone by now; then there is nobody to tell, and its end is heard elsewhere.
      await this.#current.report(problem).catch(() => undefined);
    } while (this.#again && this.#stopping === undefined);
  }

  async #handOver(): Promise<void> {
    const before = this.#current;
    const shared = await before.share();
    // From the socket's arrival to its copy in the new process nothing may wait: it accepts, and nobody here answers.
    const next = startAndRelease(shared);
    this.#starting = next;
    try {
      const { hash } = await next.check({ options: plain(this.#deps.options), listening: shared.listening?.endpoint ?? null });
      if (this.#deps.mayOverlap) await next.open({ overlaps: true, readyWithinMs: shared.ready ? readyWithinMs : 0 });
      else await this.#openAlone(next, { before, listening: shared.listening, readyWithinMs: shared.ready ? readyWithinMs : 0 });
      this.#current = next;
      this.#isKept = true;
      this.#deps.logger.info({ pid: next.pid, url: next.url, configHash: hash }, "a changed configuration took over");
    } catch (error) {
      next.kill();
      await next.ended;
      throw error;
    } finally {
      this.#starting = undefined;
    }
    void next.ended.then((code) => this.#lost(next, code));
    await before.end({ idleMs: idleMsOverlapping });
    // It takes as long as the database takes; the next change need not wait for it.
    if (this.#deps.mayOverlap) void next.adopt().catch(() => undefined);
  }

  /** The first closes the store, the second opens it; what connects meanwhile waits in the kernel. If the second cannot, the first comes back. */
  async #openAlone(
    next: StartedProcess,
    { before, listening, readyWithinMs: within }: { before: Incumbent; listening: ListeningSocket | undefined; readyWithinMs: number },
  ): Promise<void> {
    await before.stepAside();
    try {
      await next.open({ overlaps: false, readyWithinMs: within });
    } catch (error) {
      if (this.#stopping !== undefined) throw error;
      await this.#bringBack(before, () =>
        listening === undefined ? Promise.resolve(undefined) : next.surrender(listening.endpoint).catch(() => undefined),
      );
      throw error;
    }
  }

  async #bringBack(before: Incumbent, giveBack: () => Promise<ListeningSocket | undefined>): Promise<void> {
    try {
      await before.comeBack(giveBack);
    } catch (error) {
      // Neither can serve: a supervisor has to know.
      this.#deps.logger.fatal({ err: error }, "the configuration before could not go on either");
      before.kill();
      this.#end(1);
    }
  }

  /** The process that did the work ended, asked or not: so does this one. */
  #lost(process: StartedProcess, code: number): void {
    if (process === this.#current) this.#end(code);
  }

  /** Drains and stops whoever does the work. */
  close(): Promise<void> {
    this.#stopping ??= (async () => {
      // Not taken over yet, it has accepted nothing.
      this.#starting?.kill();
      await this.#handingOver;
      await this.#current.end({ idleMs: 0 });
      if (!this.#isKept) this.#end(0);
      await this.ended;
    })();
    return this.#stopping;
  }

  /** Ends at once whoever does the work. */
  kill(): void {
    this.#starting?.kill();
    this.#current.kill();
  }
}

/** Whatever becomes of the start: a socket kept here would take connections that nobody answers. */
function startAndRelease(shared: Shared): StartedProcess {
  try {
    return startProcess(shared.listening);
  } finally {
    shared.release();
  }
}

/** What can be sent to another process. */
function plain(options: AppOptions): Pick<AppOptions, "role" | "dataFolder" | "configPath" | "host" | "port" | "logLevel"> {
  const { role, dataFolder, configPath, host, port, logLevel } = options;
  return { role, dataFolder, configPath, host, port, logLevel };
}
