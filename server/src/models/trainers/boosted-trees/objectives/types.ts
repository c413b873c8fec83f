/** What an objective looks at; `scores` and `gradients` are outputs x rows. */
export interface ObjectiveData {
  readonly rows: number;
  readonly scores: Float64Array;
  readonly target: Float64Array;
  readonly weights: Float64Array | null;
  /** The first row of each group, and behind it the number of rows. */
  readonly groupStarts: Uint32Array | null;
  readonly quantile: number;
  readonly classes: number;
}

/** What boosting makes small. */
export interface Objective {
  readonly outputs: number;
  /** Score of each output before any tree: the best constant, over these rows. */
  base(rows: Uint32Array): Float64Array;
  /**
   * Writes pairs of gradient and hessian at the scores as they are. `from` to `to` are rows, or groups where there are any:
   * parts may be computed by different threads.
   */
  gradients(from: number, to: number, out: Float32Array): void;
  /** Mean loss over these rows (ascending; whole groups), weighted. */
  loss(rows: Uint32Array): number;
  /** Where the hessian says nothing of how far to go: what a leaf of these rows answers. */
  leafValue?(rows: Uint32Array): number;
}

export type CreateObjective = (data: ObjectiveData) => Objective;
