import type { Context } from "../../core/index.ts";
import type { Sql } from "../../storage/index.ts";
import { createRate } from "./rate.ts";
import { type AnsweredRow, keepProgress } from "./repository.ts";
import type { Batch } from "./types.ts";

const everyMs = 250;
/** Without news, somebody may still have cancelled. */
const longestSilenceMs = 1_000;
/** Past this many in memory the next row waits until they are stored. */
const mostBuffered = 500;

/** Carries answers into SQL in batches, with how far it is, and hears whether the batch is to end. */
export interface Keeper {
  /** Resolves at once, or when there is room again. */
  add(row: AnsweredRow): Promise<void>;
  /** Stores what is left. */
  close(): Promise<void>;
}

export interface KeeperDeps {
  readonly context: Context;
  readonly batchId: string;
  readonly sql: Sql;
  readonly waiting: () => Batch["waiting"];
  readonly onCancelled: () => void;
  /** Nothing can be stored; what was not is asked again by the next run. */
  readonly onFailed: (error: unknown) => void;
}

export function createKeeper(deps: KeeperDeps): Keeper {
  const rate = createRate();
  let buffered: AnsweredRow[] = [];
  let rows = 0;
  let lastLookAt = 0;
  let lastCode: string | undefined;
  let storing: Promise<void> | undefined;
  let failed = false;

  async function store(): Promise<void> {
    const answered = buffered;
    buffered = [];
    rows += answered.length;
    const waiting = deps.waiting();
    lastLookAt = performance.now();
    lastCode = waiting?.code;
    const progress = { id: deps.batchId, answered, waiting, rate: waiting === null ? rate.measure(lastLookAt, rows) : null };
    const { cancelled } = await deps.sql.as(deps.context, (tx) => keepProgress(tx, progress));
    if (cancelled) deps.onCancelled();
  }

  /** One transaction at a time. */
  function flush(): Promise<void> {
    storing ??= store()
      .catch((error: unknown) => {
        failed = true;
        deps.onFailed(error);
      })
      .finally(() => {
        storing = undefined;
      });
    return storing;
  }

  function hasNews(): boolean {
    return buffered.length > 0 || deps.waiting()?.code !== lastCode || performance.now() - lastLookAt >= longestSilenceMs;
  }

  const timer = setInterval(() => {
    if (!failed && hasNews()) void flush();
  }, everyMs);
  return {
    async add(row) {
      buffered.push(row);
      while (!failed && buffered.length >= mostBuffered) await flush();
    },
    async close() {
      clearInterval(timer);
      await storing;
      while (!failed && buffered.length > 0) await flush();
    },
  };
}
