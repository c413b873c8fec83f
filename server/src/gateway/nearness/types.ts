import type { Cancellation, EvidenceRecorder, Step } from "../../core/index.ts";
import type { Cost } from "../money/cost-of.ts";
import type { CallOrigin } from "../stage.ts";
import type { Usage } from "../types.ts";

/** Texts of which our own code wants to know what they mean. */
export interface VectorQuestion {
  /** `<provider>/<model>` */
  readonly embedder: string;
  readonly texts: readonly string[];
  readonly origin: CallOrigin;
  /** What the texts hold, by everybody who says so; the highest counts. */
  readonly dataClasses: readonly (string | undefined)[];
  /** What the caller says of his call: he may raise the class. */
  readonly tags?: Readonly<Record<string, string>> | undefined;
  readonly regions?: readonly string[] | undefined;
  readonly evidence: EvidenceRecorder;
  /** What the step is called for: an `ask` is counted to the cost of an inference by who asked. */
  readonly step: Extract<Step["kind"], "embedding" | "ask">;
  readonly signal: Cancellation;
  /** Milliseconds for all of it. Absent: little, since somebody waits for an answer behind it. */
  readonly withinMs?: number;
  /** Told what it cost, whether there are vectors or not. */
  readonly paid?: (cost: Cost) => void;
}

export interface VectorAnswer {
  /** Of length one, in order. */
  readonly vectors: readonly Float32Array[];
  readonly remembered: number;
  readonly usage: Usage;
  readonly cost: Cost;
}

/** Throws whatever kept the vectors from being made; an embedder that failed is left alone for a while. */
export type AskVectors = (question: VectorQuestion) => Promise<VectorAnswer>;
