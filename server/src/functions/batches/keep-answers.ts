import type { Context } from "../../core/index.ts";
import type { Sql } from "../../storage/index.ts";
import { createRate } from "./rate.ts";
import { type AnsweredRow, keepProgress } from "./repository.ts";
import { type Bound, takeSome } from "./take-some.ts";
import type { Batch } from "./types.ts";

const everyMs = 250;
/** Without news, somebody may still have cancelled. */
const longestSilenceMs = 1_000;
/** What one statement stores; past as much in memory the next row waits. */
const most: Bound = { rows: 500, characters: 8 * 1024 * 1024 };

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
  const buffered: AnsweredRow[] = [];
  let characters = 0;
  let rows = 0;
  let lastLookAt = 0;
  let lastCode: string | undefined;
  let storing: Promise<void> | undefined;
  let failed = false;

  async function store(): Promise<void> {
    const answered = takeSome(buffered, most);
    for (const { line } of answered) characters -= line.length;
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
      characters += row.line.length;
      while (!failed && (buffered.length >= most.rows || characters >= most.characters)) await flush();
    },
    async close() {
      clearInterval(timer);
      await storing;
      while (!failed && buffered.length > 0) await flush();
    },
  };
}
