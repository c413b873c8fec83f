import type { Evaluation as EvaluationReport, Verdict } from "@millrace/contract";
import type { Clock, Context, Logger } from "../core/index.ts";
import type { Data } from "../data/index.ts";
import type { Functions } from "../functions/index.ts";
import type { Governance } from "../governance/index.ts";
import type { Jobs, WorkflowRun } from "../jobs/index.ts";
import type { Models } from "../models/index.ts";
import type { Lake, Sql } from "../storage/index.ts";

export type { EvaluationReport, Verdict };

/** What is compared: a version of a model, one of the function's own variants as it is bound now, or a binding. */
export type Candidate =
  | { readonly kind: "model"; readonly model: string; readonly version: number }
  | { readonly kind: "variant"; readonly variant: string }
  | { readonly kind: "binding"; readonly binding: string; readonly label: string };

export interface Comparison {
  readonly function: string;
  /** `name@version`; its held-back rows are what both answer. */
  readonly dataset: string;
  /** What serves now. */
  readonly champion: Candidate;
  /** What would replace it. */
  readonly challenger: Candidate;
}

export interface Page<T> {
  readonly items: T[];
  /** The cursor of the following page; null at the end. */
  readonly next: string | null;
}

/** Compares candidates on the same rows and judges whether the challenger may go on. */
export interface Evaluation {
  /** Starts the workflow `evaluation.compare@1` over two versions of the function's model. `unknown_model`, `unknown_dataset`, `unknown_function`. */
  create(
    context: Context,
    input: { readonly function: string; readonly dataset: string; readonly champion: number; readonly challenger: number },
  ): Promise<{ workflowId: string }>;
  /** The same work inside the caller's own workflow. */
  compare(context: Context, comparison: Comparison, run: WorkflowRun): Promise<EvaluationReport>;
  /** Newest first. */
  list(
    context: Context,
    query: { readonly function?: string | undefined; readonly limit: number; readonly cursor?: string | undefined },
  ): Promise<Page<EvaluationReport>>;
  /** `not_found`. */
  get(context: Context, id: string): Promise<EvaluationReport>;
}

export interface EvaluationDeps {
  readonly sql: Sql;
  readonly jobs: Pick<Jobs, "defineWorkflow" | "startWorkflow">;
  readonly data: Pick<Data, "get" | "snapshot">;
  readonly models: Pick<Models, "resolve" | "getVersion" | "predictMany">;
  readonly functions: Pick<Functions, "definition" | "runVariant">;
  readonly lake: Pick<Lake, "readParquet">;
  readonly audit: Governance["audit"];
  readonly clock: Clock;
  readonly logger: Logger;
}
