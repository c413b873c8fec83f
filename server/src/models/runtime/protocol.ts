import type { ModelSignature } from "@millrace/contract";
import type { Cell } from "../read-cell.ts";

/** What a thread needs to open a model. */
export interface OpenModel {
  /** SHA-256 of the file: the session's name. */
  readonly hash: string;
  /** A local file. */
  readonly path: string;
  readonly signature: ModelSignature;
}

/** One row's cells (`read-cell.ts`), in the signature's order; texts are cut to the model's length but not prepared yet. */
export type InputRow = readonly Cell[];

export type ThreadRequest =
  | { readonly id: number; readonly kind: "load"; readonly model: OpenModel }
  | { readonly id: number; readonly kind: "unload"; readonly hash: string }
  | { readonly id: number; readonly kind: "run"; readonly hash: string; readonly rows: readonly InputRow[] }
  /** Not answered: the thread ends. */
  | { readonly id: number; readonly kind: "close" };

export interface RunAnswer {
  /** Rows x labels; of a regression the one value of each row. */
  readonly probabilities: Float32Array;
  /** The session's own time. */
  readonly runMs: number;
}

export type ThreadAnswer =
  | { readonly id: number; readonly answer: RunAnswer | null }
  | { readonly id: number; readonly error: { readonly code: "model_runtime_missing" | "model_not_ready"; readonly message: string } };
