import type { CreateDataset } from "@millrace/contract";
import type { Jobs } from "../jobs/index.ts";
import type { BlobReference } from "../storage/index.ts";
import { type CreateDeps, createDataset } from "./create-dataset.ts";

export const createDatasetWorkflow = "data.create-dataset@1";

/** Input of the workflow: what was asked for, and the bytes the upload's id stood for. */
export interface CreateDatasetInput {
  readonly request: CreateDataset;
  readonly upload: { readonly hash: BlobReference["hash"]; readonly rows: number };
}

export function defineWorkflows(jobs: Jobs, deps: CreateDeps): void {
  jobs.defineWorkflow<CreateDatasetInput, string>(createDatasetWorkflow, (run, { request, upload }) =>
    createDataset(
      { ...request, blob: upload.hash, sources: [{ kind: "upload", reference: request.uploadId, rows: upload.rows }] },
      run,
      deps,
    ),
  );
}
