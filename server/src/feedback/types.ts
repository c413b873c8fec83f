import type { FeedbackItem, FeedbackReceipt, feedbackSchema, feedbackStatsSchema } from "@millrace/contract";
import type { z } from "zod";
import type { Context } from "../core/index.ts";
import type { DemonstrationsPort, FeedbackPort } from "../functions/index.ts";
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

/** Ratings, comments, corrections and labels; and how they become data. It is also what functions ask about labels, and about answers that are worth showing. */
export interface FeedbackService extends FeedbackPort, DemonstrationsPort {
  /** Keeps what can be kept; each item is answered on its own. One audit entry a batch. */
  submit(context: Context, items: readonly FeedbackItem[]): Promise<FeedbackReceipt>;
  /** Newest first. */
  list(context: Context, query: { function?: string | undefined; limit: number; cursor?: string | undefined }): Promise<Page<Feedback>>;
  stats(context: Context, query: { function?: string | undefined }): Promise<FeedbackStats>;
  /** Labelled inferences of a function whose label was recorded after the given instant: what `retraining.afterLabels` counts. */
  countLabels(context: Context, query: { function: string; since?: string | undefined }): Promise<number>;
  /** Starts the workflow `feedback.curate`; its result is the reference of the new dataset version. `unknown_function`, `unknown_dataset`. */
  startCuration(context: Context, input: Curation): Promise<{ workflowId: string }>;
  /** The same work inside the caller's own workflow. Answers `name@version`. */
  curate(context: Context, input: Curation, run: WorkflowRun): Promise<string>;
}

/**
 * Waits until what this node accepted so far is stored, at most `maxMs`. Answers whether that is all there can be: with
 * other nodes, their journals may still hold more.
 */
export type SettleEvidence = (maxMs: number) => Promise<"complete" | "partial">;
