import { AppError, type Context, type Logger, toAppError } from "../../core/index.ts";
import type { AskPort } from "../types.ts";
import type { BatchesDeps } from "./types.ts";
import { type Gate, createGate } from "./gate.ts";
import { judgeError } from "./judge-error.ts";
import { type Keeper, createKeeper } from "./keep-answers.ts";
import { type RowMapping, inputOf } from "./map-row.ts";
import { type SourceRow, readRows } from "./read-rows.ts";
import { type AnsweredRow, type BatchRecord, answeredRows, findEarlierAnswers } from "./repository.ts";
import { lineOfAnswer, lineOfEarlier, lineOfError } from "./write-line.ts";

/** Rows whose state is looked up together. */
const windowRows = 1_000;

/** How the rows of a batch ended, all of them or not. */
export interface RowsEnd {
  readonly status: "succeeded" | "failed" | "cancelled";
  readonly error: { readonly code: string; readonly message: string } | null;
}

export interface RowsInput {
  readonly batch: BatchRecord;
  /** Who asks. */
  readonly context: Context;
  /** The workflow's: this process closes, or the workflow is cancelled. */
  readonly signal: AbortSignal;
  /** What answers a row's questions, instead of the gateway. */
  readonly askFor?: (row: number) => AskPort;
}

export type RowsDeps = Pick<BatchesDeps, "sql" | "blobs" | "functions" | "governance" | "clock"> & { readonly logger: Logger };

/** What the rows of one run share. */
interface Run extends RowsInput {
  readonly mapping: RowMapping;
  readonly gate: Gate;
  readonly keeper: Keeper;
  /** No further row is asked once it aborts. */
  readonly stop: AbortController;
}

/** Asks every row that has no answer yet, a bounded number at once. What is answered stays answered, whenever this is cut. */
export async function answerRows(input: RowsInput, deps: RowsDeps): Promise<RowsEnd> {
  const { batch, context } = input;
  const { input: schema } = deps.functions.definition(batch.function);
  if (batch.cancelled_by !== null) return { status: "cancelled", error: null };
  const stop = new AbortController();
  const onAbort = () => stop.abort(input.signal.reason);
  input.signal.addEventListener("abort", onAbort, { once: true });
  const gate = createGate(deps.clock);
  const keeper = createKeeper({
    context,
    batchId: batch.id,
    sql: deps.sql,
    waiting: () => gate.waiting,
    onCancelled: () => stop.abort(cancelled),
    onFailed: (error) => stop.abort(error),
  });
  const run: Run = { ...input, mapping: { map: batch.map, fields: Object.keys(schema.shape) }, gate, keeper, stop };
  try {
    await askAll(run, deps);
  } finally {
    await keeper.close();
    input.signal.removeEventListener("abort", onAbort);
  }
  if (!stop.signal.aborted) return { status: "succeeded", error: null };
  return endOf(stop.signal.reason);
}

const cancelled = new AppError("conflict", "The batch was cancelled.");

/** Ends that are the batch's own; anything else is the run's, and the next run goes on. */
function endOf(reason: unknown): RowsEnd {
  if (reason === cancelled) return { status: "cancelled", error: null };
  const error = toAppError(reason);
  if (judgeError(error).kind === "end") return { status: "failed", error: { code: error.code, message: error.message } };
  throw reason;
}

async function askAll(run: Run, deps: RowsDeps): Promise<void> {
  const { batch, context, stop } = run;
  const path = await deps.blobs.path(context, batch.rows_hash!);
  const open = new Set<Promise<void>>();
  let window: SourceRow[] = [];
  try {
    for await (const row of readRows(path)) {
      window.push(row);
      if (window.length < windowRows) continue;
      await askWindow(window, open, { run, deps });
      window = [];
      if (stop.signal.aborted) break;
    }
    if (!stop.signal.aborted && window.length > 0) await askWindow(window, open, { run, deps });
  } finally {
    await Promise.all(open);
  }
}

async function askWindow(window: readonly SourceRow[], open: Set<Promise<void>>, { run, deps }: { run: Run; deps: RowsDeps }) {
  const { batch, context, stop, keeper } = run;
  await settled(run, deps);
  if (stop.signal.aborted) return;
  const range = { id: batch.id, from: window[0]!.row - 1, to: window.at(-1)!.row };
  const kept = await deps.sql.as(context, (tx) => answeredRows(tx, range));
  const left = window.filter(({ row }) => !kept.has(row));
  const earlier = new Map((await findEarlier(left, { run, deps })).map((answer) => [answer.key, answer]));
  for (const row of left) {
    const known = earlier.get(keyOf(batch, row));
    const line = known === undefined ? null : lineOfEarlier(row.row, known);
    if (line !== null) {
      await keeper.add(line);
      continue;
    }
    while (open.size >= batch.concurrency) await Promise.race(open);
    if (stop.signal.aborted) return;
    const asked = askRow(row, run, deps).then((answered) => (answered === null ? undefined : keeper.add(answered)));
    const task: Promise<void> = asked.finally(() => open.delete(task));
    open.add(task);
  }
}

/** Until the answers of the last run of this node are in the tables, it cannot be told which rows have one. */
async function settled({ gate, stop }: Run, { functions }: RowsDeps): Promise<void> {
  const starting = new AppError("overloaded", "This node is still starting: it reads what its last run answered.");
  while (!functions.settled() && !stop.signal.aborted) {
    gate.hold(starting, 100);
    const passed = await gate.pass(stop.signal).catch(() => 0);
    if (functions.settled()) gate.clear(passed);
  }
}

function findEarlier(rows: readonly SourceRow[], { run: { batch, context }, deps }: { run: Run; deps: RowsDeps }) {
  const keys = rows.map((row) => keyOf(batch, row));
  return deps.sql.as(context, (tx) => findEarlierAnswers(tx, { function: batch.function, keys }));
}

function keyOf(batch: BatchRecord, { row }: SourceRow): string {
  return `batch:${batch.id}:${row}`;
}

/** The row's line; null when the batch stops before it has one. Never throws: what ends the batch is the stop's reason. */
async function askRow(row: SourceRow, run: Run, deps: RowsDeps): Promise<AnsweredRow | null> {
  const { batch, gate, stop, signal } = run;
  for (;;) {
    let passed = 0;
    try {
      passed = await gate.pass(stop.signal);
      const line = "reason" in row ? lineOfError(row.row, unreadable(row.reason)) : await ask(row, run, deps);
      gate.clear(passed);
      return line;
    } catch (thrown) {
      // Cut while it was asked: its answer, if there is one, is in the evidence, and the next run finds it.
      if (signal.aborted || (stop.signal.aborted && thrown === stop.signal.reason)) return null;
      const error = toAppError(thrown);
      const verdict = judgeError(error);
      if (verdict.kind === "end") {
        stop.abort(error);
        return null;
      }
      if (verdict.kind === "hold") {
        gate.hold(error, verdict.ms);
        continue;
      }
      if (error.kind === "bug") deps.logger.error({ error, batch: batch.id, row: row.row }, "a row of a batch failed");
      gate.clear(passed);
      return lineOfError(row.row, error);
    }
  }
}

function unreadable(reason: string): AppError {
  return new AppError("invalid_json", reason);
}

/** One row as one inference, admitted like every other request of whoever started the batch. */
async function ask(row: Extract<SourceRow, { values: unknown }>, run: Run, deps: RowsDeps): Promise<AnsweredRow> {
  const { batch, context, signal } = run;
  const principal = deps.governance.principal(context);
  if (principal === null)
    throw new AppError("forbidden", `The key or session "${context.principalId}" that started this batch is not in force any more.`);
  const definition = deps.functions.admit(principal, batch.function);
  const input = inputOf(row.values, run);
  const bytes = Buffer.byteLength(JSON.stringify(input));
  if (bytes > definition.maxBodyBytes)
    throw new AppError("body_too_large", `The row has ${bytes} bytes where "${batch.function}" takes ${definition.maxBodyBytes}.`, {
      details: { maxBytes: definition.maxBodyBytes },
    });
  const answer = await deps.functions.infer({
    caller: { ...context, principalId: principal.id, principalName: principal.name },
    function: batch.function,
    input,
    ...(batch.deadline_ms === null ? {} : { deadlineMs: batch.deadline_ms }),
    metadata: { batch: batch.id, row: String(row.row) },
    idempotencyKey: keyOf(batch, row),
    signal,
    ...(run.askFor === undefined ? {} : { ask: run.askFor(row.row) }),
  });
  return lineOfAnswer(row.row, answer);
}
