import type { FeedbackItem, FeedbackReceipt, feedbackSchema, feedbackStatsSchema } from "@millrace/contract";
import type { z } from "zod";
import type { Context } from "../core/index.ts";
import type { WorkflowRun } from "../jobs/index.ts";

export type Feedback = z.infer<typeof feedbackSchema>;
export type FeedbackStats = z.infer<typeof feedbackStatsSchema>;
export type { FeedbackItem, FeedbackReceipt };

export interface Page<T> {
  readonly items: T[];
  readonly next: string | null;
}

export interface Curation {
  readonly function: string;
  /** Name of the dataset whose next version is built. */
  readonly dataset: string;
  /** Only inferences that occurred before this instant. */
  readonly until?: string | undefined;
  /** `name@version` whose rows are taken too. */
  readonly parent?: string | undefined;
  /** Share of the latest rows held back. */
  readonly holdout: number;
}

/** What functions' evidence says about one inference. */
export interface KnownInference {
  readonly id: string;
  readonly function: string;
  readonly occurredAt: string;
}

/** Ratings, comments, corrections and labels; and how they become data. */
export interface FeedbackService {
  /** Keeps what can be kept; each item is answered on its own. One audit entry a batch. */
  submit(context: Context, items: readonly FeedbackItem[]): Promise<FeedbackReceipt>;
  list(context: Context, query: { function?: string | undefined; limit: number; cursor?: string | undefined }): Promise<Page<Feedback>>;
  stats(context: Context, query: { function?: string | undefined }): Promise<FeedbackStats>;
  /** Everything said about one inference, oldest first. */
  ofInference(context: Context, inferenceId: string): Promise<Feedback[]>;
  /** Labelled inferences of a function recorded after the given instant: what `retraining.afterLabels` counts. */
  countLabels(context: Context, query: { function: string; since?: string | undefined }): Promise<number>;
  /** Starts the workflow `feedback.curate`; its result is the reference of the new dataset version. */
  startCuration(context: Context, input: Curation): Promise<{ workflowId: string }>;
  /** The same work inside the caller's own workflow. Answers `name@version`. */
  curate(context: Context, input: Curation, run: WorkflowRun): Promise<string>;
}
