import type { Estimate, InferenceDetail } from "@millrace/contract";
import type { Context, Deadline, EvidenceRecorder } from "../core/index.ts";
import type { Prediction } from "./variants/specs.ts";

/** One version of a registered model; `hash` is its file's. */
export interface ModelReference {
  readonly model: string;
  readonly version: number;
  readonly hash: string;
}

/** What functions need of the models module. */
export interface ModelsPort {
  /** The version an alias names, or this version; null when there is none. */
  resolve(
    context: Context,
    input: { readonly model: string; readonly alias?: string; readonly version?: number },
  ): Promise<ModelReference | null>;
  /** Loads and warms it on this node; a second call is cheap. */
  load(context: Context, reference: ModelReference): Promise<void>;
  predict(
    context: Context,
    reference: ModelReference,
    inputs: Readonly<Record<string, unknown>>,
    options: { readonly deadline: Deadline; readonly evidence: EvidenceRecorder },
  ): Promise<Prediction>;
}

/** What functions need of the journal. */
export interface EvidenceJournal {
  appendSerialized(type: string, id: string, json: string): Promise<void>;
  unavailable(): string | undefined;
  stats(): { readonly accepted: number; readonly stored: number; readonly rejected: number; readonly backlog: number };
}

/** Feedback on one inference, as its detail shows it. */
export type InferenceFeedback = InferenceDetail["feedback"][number];

/** What functions ask of feedback, which is built above them. */
export interface FeedbackPort {
  /** The newest true label of each of these inferences that has one. */
  labels(context: Context, ids: readonly string[]): Promise<ReadonlyMap<string, string>>;
  ofInference(context: Context, id: string): Promise<InferenceFeedback[]>;
  /** Inferences whose newest true label equals their own label, or does not; newest first, before `cursor`. */
  compared(
    context: Context,
    query: {
      readonly agrees: boolean;
      readonly function?: string | undefined;
      readonly cursor?: string | undefined;
      readonly limit: number;
    },
  ): Promise<string[]>;
  /** Accuracy within each range of `occurred_at`; null where nothing is labelled. */
  accuracy(
    context: Context,
    functionName: string,
    ranges: readonly { readonly from: string; readonly to: string }[],
  ): Promise<(Estimate | null)[]>;
}
