import { AppError, createId } from "../../core/index.ts";
import { columnsHere } from "./prepare-rows.ts";
import { columnsOf } from "./map-row.ts";
import { eraseRow } from "./erase-row.ts";
import { batchWorkflow, defineBatchWorkflows, providerWorkflow } from "./jobs.ts";
import { findServingModel } from "./through-provider/find-serving-model.ts";
import { type BatchRecord, findBatch, insertBatch, listBatches, markCancelled } from "./repository.ts";
import { toBatch } from "./to-wire.ts";
import type { BatchContext, Batches, BatchesDeps, CreateBatch } from "./types.ts";

/** Defines its workflow on `jobs`: call it before `jobs.start()`. */
export function createBatches(deps: BatchesDeps): Batches {
  const { sql, jobs, data, blobs, clock, governance, functions, config } = deps;
  defineBatchWorkflows(deps);

  /** Those who may read what functions do, and those who may ask this one. */
  function mayLook({ principal }: BatchContext, functionName: string): void {
    const permission = principal.permissions.has("functions.read") ? "functions.read" : "functions.infer";
    governance.authorize(principal, permission, { function: functionName });
  }

  /** What a batch holds belongs to whoever started it; for others there is a permission of its own. */
  function mayTouch({ principal }: BatchContext, batch: BatchRecord, permission: "functions.write" | "evidence.read"): void {
    const needed = batch.created_by === principal.id ? "functions.infer" : permission;
    governance.authorize(principal, needed, { function: batch.function });
  }

  async function find(context: BatchContext, functionName: string, id: string): Promise<BatchRecord> {
    const batch = await sql.as(context, (tx) => findBatch(tx, id));
    if (batch === null || batch.function !== functionName)
      throw new AppError("not_found", `The function "${functionName}" has no batch ${id}.`, { details: { function: functionName, id } });
    return batch;
  }

  /** Where the rows are, how many, and under which blob if there is one already. */
  async function findSource(context: BatchContext, functionName: string, request: CreateBatch) {
    const { principal } = context;
    if ("uploadId" in request) {
      governance.authorize(principal, "data.write");
      const upload = await data.findUpload(context, request.uploadId);
      return { source: `upload:${upload.id}`, rows_hash: upload.hash, total: upload.rows };
    }
    governance.authorize(principal, "data.read");
    const dataset = await data.get(context, request.dataset);
    const mapping = { map: request.map ?? null, fields: Object.keys(functions.definition(functionName).input.shape) };
    const here = columnsHere(dataset, mapping);
    const missing = request.map === undefined ? [] : columnsOf(mapping).filter((column) => !here.includes(column));
    if (missing.length > 0 || here.length === 0)
      throw new AppError(
        "invalid_request",
        `${request.dataset} has no column ${(missing.length > 0 ? missing : columnsOf(mapping)).map((column) => `"${column}"`).join(", ")}. It has ${dataset.contract.columns.map(({ name }) => name).join(", ")}; name them in \`map\`.`,
        { details: { issues: [{ path: "map", message: "columns of the dataset" }] } },
      );
    return { source: request.dataset, rows_hash: null, total: dataset.kept };
  }

  /** Who is asked in one batch of its own, where the request wants that. */
  async function providerOf(context: BatchContext, name: string, { through, fallback }: CreateBatch) {
    if (through !== "provider") {
      if (fallback === undefined) return null;
      throw new AppError("invalid_request", '`fallback` is for batches with `through: "provider"`; leave it out.', {
        details: { issues: [{ path: "fallback", message: "only with through: provider" }] },
      });
    }
    return { target: (await findServingModel(context, name, deps)).target, fallback: fallback ?? ("error" as const) };
  }

  return {
    async create(context, functionName, request) {
      governance.authorize(context.principal, "functions.infer", { function: functionName });
      const { name } = functions.definition(functionName);
      const concurrency = request.concurrency ?? config.concurrency;
      if (concurrency > config.maxConcurrency)
        throw new AppError("invalid_request", `concurrency ${concurrency} is more than this server allows: ${config.maxConcurrency}.`, {
          details: { issues: [{ path: "concurrency", message: `at most ${config.maxConcurrency}` }] },
        });
      const id = createId(clock);
      const batch = {
        id,
        function: name,
        ...(await findSource(context, name, request)),
        map: request.map ?? null,
        concurrency,
        deadline_ms: request.deadlineMs ?? null,
        provider: await providerOf(context, name, request),
        workflow_id: `batch-${id}`,
      };
      return sql.as(context, async (tx) => {
        await insertBatch(tx, batch);
        await governance.audit(tx, { action: "functions.create-batch", object: `batch:${id}`, after: batch });
        await jobs.startWorkflowIn(
          tx,
          batch.provider === null ? batchWorkflow : providerWorkflow,
          { batchId: id },
          { workflowId: batch.workflow_id },
        );
        return toBatch((await findBatch(tx, id))!);
      });
    },

    async list(context, functionName, page) {
      mayLook(context, functionName);
      const { name } = functions.definition(functionName);
      const { items, next } = await sql.as(context, (tx) => listBatches(tx, { function: name, ...page }));
      return { items: items.map(toBatch), next };
    },

    async get(context, functionName, id) {
      mayLook(context, functionName);
      return toBatch(await find(context, functionName, id));
    },

    async cancel(context, functionName, id) {
      const batch = await find(context, functionName, id);
      mayTouch(context, batch, "functions.write");
      return sql.as(context, async (tx) => {
        if (!(await markCancelled(tx, id)))
          throw new AppError("conflict", `The batch ${id} has ended already: ${batch.status}.`, { details: { status: batch.status } });
        await governance.audit(tx, { action: "functions.cancel-batch", object: `batch:${id}` });
        return toBatch((await findBatch(tx, id))!);
      });
    },

    eraseRow: (context, erased) => eraseRow(context, erased, deps),

    async result(context, functionName, { id, format }) {
      const batch = await find(context, functionName, id);
      mayTouch(context, batch, "evidence.read");
      if (batch.result === null)
        throw new AppError("conflict", `The batch ${id} has no result: it is ${batch.status}.`, { details: { status: batch.status } });
      const { hash, bytes } = batch.result[format];
      const path = await blobs.path(context, hash);
      await sql.as(context, (tx) => governance.audit(tx, { action: "functions.read-batch", object: `batch:${id}`, after: { format } }));
      const mediaType = format === "jsonl" ? "application/x-ndjson" : "application/vnd.apache.parquet";
      return { path, bytes, mediaType, name: `${functionName}-${id}.${format}` };
    },
  };
}
