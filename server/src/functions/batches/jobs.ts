import { type Context, toAppError } from "../../core/index.ts";
import type { WorkflowRun } from "../../jobs/index.ts";
import { type RowsEnd, answerRows } from "./answer-rows.ts";
import { prepareRows } from "./prepare-rows.ts";
import { type BatchEnd, type BatchRecord, endBatch, findBatch, markStarted } from "./repository.ts";
import { answerThroughProvider } from "./through-provider/answer.ts";
import type { BatchesDeps } from "./types.ts";
import { writeResult } from "./write-result.ts";

export const batchWorkflow = "functions.batch@1";
/** The same where the answers come through the provider's own batch; see `through-provider`. */
export const providerWorkflow = "functions.provider-batch@1";

/** A batch in four steps: its rows as one blob, their answers, the files, the end. Before the jobs start. */
export function defineBatchWorkflows(deps: BatchesDeps): void {
  const { jobs, sql, governance } = deps;

  async function find(context: Context, id: string): Promise<BatchRecord> {
    return (await sql.as(context, (tx) => findBatch(tx, id)))!;
  }

  function end(context: Context, given: BatchEnd): Promise<boolean> {
    return sql.as(context, async (tx) => {
      const ended = await endBatch(tx, given);
      if (!ended) return false;
      const { id, ...facts } = given;
      await governance.audit(tx, { action: "functions.end-batch", object: `batch:${id}`, after: facts });
      await jobs.emit(tx, { type: "functions.batch-ended", subject: id, payload: { status: given.status } });
      return true;
    });
  }

  function writeRows(run: WorkflowRun, batchId: string): Promise<void> {
    const { context } = run;
    return run.step("functions.batch-rows", async ({ signal }) => {
      const batch = await find(context, batchId);
      const fields = Object.keys(deps.functions.definition(batch.function).input.shape);
      const source = { context: { ...context, signal }, reference: batch.source, mapping: { map: batch.map, fields } };
      const rowsHash = batch.rows_hash ?? (await prepareRows(source, deps));
      await sql.as(context, (tx) => markStarted(tx, { id: batchId, rowsHash }));
    });
  }

  /** The rows' answers by `answer`, then the files and the end; what is thrown on the way is the batch's end too. */
  async function toTheEnd(run: WorkflowRun, batchId: string, answer: () => Promise<RowsEnd>): Promise<{ status: BatchEnd["status"] }> {
    const { context } = run;
    try {
      await writeRows(run, batchId);
      const rows = await answer();
      const result = await run.step("functions.batch-result", ({ signal }) => writeResult({ context, batchId, signal }, deps));
      await run.step("functions.batch-end", () => end(context, { id: batchId, ...rows, result }));
      return { status: rows.status };
    } catch (error) {
      if (run.signal.aborted) throw error;
      const { code, message } = toAppError(error);
      await run.step("functions.batch-failed", () =>
        end(context, { id: batchId, status: "failed", error: { code, message }, result: null }),
      );
      throw error;
    }
  }

  const options = { concurrency: deps.config.atOnce };
  jobs.defineWorkflow<{ batchId: string }, { status: BatchEnd["status"] }>(
    batchWorkflow,
    (run, { batchId }) =>
      toTheEnd(run, batchId, () =>
        run.step<RowsEnd>("functions.batch-answers", async ({ signal }) =>
          answerRows({ batch: await find(run.context, batchId), context: run.context, signal }, deps),
        ),
      ),
    options,
  );
  jobs.defineWorkflow<{ batchId: string }, { status: BatchEnd["status"] }>(
    providerWorkflow,
    (run, { batchId }) => toTheEnd(run, batchId, () => answerThroughProvider(run, () => find(run.context, batchId), deps)),
    options,
  );
}
