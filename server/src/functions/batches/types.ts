import type { Batch, BatchFormat, BatchRow, CreateBatch } from "@millrace/contract";
import type { Clock, Context, Logger } from "../../core/index.ts";
import type { Data } from "../../data/index.ts";
import type { Gateway } from "../../gateway/index.ts";
import type { Governance, Principal } from "../../governance/index.ts";
import type { Jobs } from "../../jobs/index.ts";
import type { BlobStore, Lake, Sql } from "../../storage/index.ts";
import type { Functions } from "../types.ts";
import type { RowToErase } from "./erase-row.ts";
import type { BatchesConfig } from "./config.ts";

export type { Batch, BatchFormat, BatchRow, CreateBatch };

/** A request from the edge: who asks, and what the key or session may do. */
export interface BatchContext extends Context {
  readonly principal: Principal;
}

/** A file to send as it is. */
export interface ResultFile {
  readonly path: string;
  /** What it is called where it is saved. */
  readonly name: string;
  readonly mediaType: string;
  readonly bytes: number;
}

/** Batch inference: one function over many rows, durable. */
export interface Batches {
  /** Queues it. `forbidden`, `unknown_function`, `unknown_dataset`, `not_found` when there is no such upload, `invalid_request`. */
  create(context: BatchContext, functionName: string, request: CreateBatch): Promise<Batch>;
  /** Newest first. */
  list(
    context: BatchContext,
    functionName: string,
    page: { readonly limit: number; readonly cursor?: string | undefined },
  ): Promise<{ items: Batch[]; next: string | null }>;
  /** `not_found` */
  get(context: BatchContext, functionName: string, id: string): Promise<Batch>;
  /** Rows under way are finished, further ones not asked; what was answered is the result. Audited. `conflict` once it has ended. */
  cancel(context: BatchContext, functionName: string, id: string): Promise<Batch>;
  /** What an inference answered in its batch is there no more. Audited, where a result is written anew for it. */
  eraseRow(context: Context, erased: RowToErase): Promise<void>;
  /** Audited. `conflict` until it has ended. */
  result(context: BatchContext, functionName: string, query: { readonly id: string; readonly format: BatchFormat }): Promise<ResultFile>;
}

export interface BatchesDeps {
  readonly sql: Sql;
  readonly blobs: BlobStore;
  readonly lake: Lake;
  readonly jobs: Pick<Jobs, "defineWorkflow" | "startWorkflowIn" | "emit">;
  readonly data: Pick<Data, "get" | "snapshot" | "findUpload">;
  readonly governance: Pick<Governance, "authorize" | "audit" | "principal">;
  readonly functions: Pick<Functions, "definition" | "admit" | "infer" | "settled" | "arms" | "runVariant">;
  /** Without it there are no batches through providers. */
  readonly gateway?: Pick<Gateway, "ask" | "batches"> | undefined;
  readonly config: BatchesConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A folder for work in progress. */
  readonly scratchFolder: string;
}
