import type { Release as ReleaseRow, Retraining } from "@millrace/contract";
import type { Clock, Context, Logger } from "../core/index.ts";
import type { Data } from "../data/index.ts";
import type { Evaluation } from "../evaluation/index.ts";
import type { FeedbackService } from "../feedback/index.ts";
import type { Functions } from "../functions/index.ts";
import type { Governance } from "../governance/index.ts";
import type { Jobs } from "../jobs/index.ts";
import type { Models } from "../models/index.ts";
import type { Monitoring } from "../monitoring/index.ts";
import type { Sql } from "../storage/index.ts";

export type { ReleaseRow, Retraining };

/** Which binding gets which traffic, and how a better one gets there: by evidence, in stages, with a way back. */
export interface Release {
  /** Newest first. `unknown_function`. */
  list(context: Context, functionName: string): Promise<ReleaseRow[]>;
  /** Back to the stable binding before; ends a retraining that is under way. `unknown_release` when there is none before. */
  rollback(context: Context, functionName: string, reason: string): Promise<ReleaseRow>;
  /** Starts the workflow `release.retrain@1`. `release_in_progress` while one runs, `invalid_request` when the function declares no retraining. */
  startRetraining(context: Context, input: { readonly function: string; readonly reason: string }): Promise<Retraining>;
  /** Newest first. */
  listRetrainings(context: Context, functionName: string | undefined): Promise<Retraining[]>;
  /** `not_found`. */
  getRetraining(context: Context, id: string): Promise<Retraining>;
}

export interface ReleaseDeps {
  readonly sql: Sql;
  readonly jobs: Pick<Jobs, "defineWorkflow" | "defineSchedule" | "subscribe" | "startWorkflowIn" | "emit" | "nodes" | "get">;
  readonly data: Pick<Data, "get">;
  readonly models: Pick<Models, "train" | "moveAlias">;
  readonly functions: Pick<Functions, "definitions" | "definition" | "bind" | "binding" | "arms" | "setArms">;
  readonly feedback: Pick<FeedbackService, "curate" | "countLabels">;
  readonly evaluation: Pick<Evaluation, "compare">;
  readonly monitoring: Pick<Monitoring, "alerts" | "linkWorkflow">;
  readonly audit: Governance["audit"];
  readonly clock: Clock;
  readonly logger: Logger;
}
