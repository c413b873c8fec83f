import type { ModelSignature } from "@millrace/contract";

/** What a thread needs to open a model. */
export interface OpenModel {
  /** SHA-256 of the file: the session's name. */
  readonly hash: string;
  /** A local file. */
  readonly path: string;
  readonly signature: ModelSignature;
}

/** One row's texts, in the signature's order, cut to the model's length but not prepared yet; null for an empty one. */
export type InputRow = readonly (string | null)[];

export type ThreadRequest =
  | { readonly id: number; readonly kind: "load"; readonly model: OpenModel }
  | { readonly id: number; readonly kind: "unload"; readonly hash: string }
  | { readonly id: number; readonly kind: "run"; readonly hash: string; readonly rows: readonly InputRow[] }
  /** Not answered: the thread ends. */
  | { readonly id: number; readonly kind: "close" };

export interface RunAnswer {
  /** Rows x labels. */
  readonly probabilities: Float32Array;
  /** The session's own time. */
  readonly runMs: number;
}

export type ThreadAnswer =
  | { readonly id: number; readonly answer: RunAnswer | null }
  | { readonly id: number; readonly error: { readonly code: "model_runtime_missing" | "model_not_ready"; readonly message: string } };
