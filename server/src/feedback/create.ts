import type { Clock } from "../core/index.ts";
import type { Data } from "../data/index.ts";
import type { Functions } from "../functions/index.ts";
import type { AuditChange } from "../governance/index.ts";
import type { Jobs } from "../jobs/index.ts";
import type { BlobStore, Lake, Sql, Tx } from "../storage/index.ts";
import { curateDataset } from "./curate-dataset.ts";
import { createDemonstrations } from "./demonstrations.ts";
import { curateWorkflow, defineWorkflows } from "./jobs.ts";
import * as repository from "./repository.ts";
import { submitFeedback } from "./submit-feedback.ts";
import type { FeedbackService, SettleEvidence } from "./types.ts";

export interface FeedbackDeps {
  readonly sql: Sql;
  readonly blobs: BlobStore;
  readonly lake: Lake;
  readonly jobs: Jobs;
  readonly data: Data;
  readonly functions: Pick<Functions, "definition" | "definitions">;
  /** Governance's `audit`. */
  readonly audit: (tx: Tx, change: AuditChange) => Promise<void>;
  readonly settle: SettleEvidence;
  readonly clock: Clock;
  /** A folder for work in progress. */
  readonly scratchFolder: string;
}

/** Defines its workflow on `jobs`: call it before `jobs.start()`. */
export function createFeedback(deps: FeedbackDeps): FeedbackService {
  const { sql, jobs, data, functions } = deps;
  defineWorkflows(jobs, deps);
  const submitDeps = { ...deps, definition: (name: string) => functions.definitions.find((each) => each.name === name) };

  return {
    ...createDemonstrations(submitDeps),
    submit: (context, items) => submitFeedback(context, items, submitDeps),

    async list(context, query) {
      const items = await sql.as(context, (tx) => repository.listItems(tx, { ...query, limit: query.limit + 1 }));
      const page = items.slice(0, query.limit);
      return { items: page, next: items.length > query.limit ? page.at(-1)!.id : null };
    },

    stats: (context, query) => sql.as(context, (tx) => repository.readStats(tx, query.function)),
    countLabels: (context, query) => sql.as(context, (tx) => repository.countLabels(tx, query)),

    async startCuration(context, input) {
      functions.definition(input.function);
      if (input.parent !== undefined) await data.get(context, input.parent);
      return jobs.startWorkflow(context, curateWorkflow, input);
    },
    curate: (context, input, workflow) => curateDataset(context, input, { workflow, deps }),

    labels: (context, ids) => sql.as(context, (tx) => repository.findLabels(tx, ids)),
    ofInference: (context, id) => sql.as(context, (tx) => repository.listOfInference(tx, id)),
    compared: (context, query) => sql.as(context, (tx) => repository.listCompared(tx, query)),
    accuracy: (context, functionName, ranges) => sql.as(context, (tx) => repository.readAccuracy(tx, functionName, ranges)),
  };
}
