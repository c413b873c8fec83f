/** A function whose arguments may be narrower than those it is declared with: each definition's own types were checked. */
type Loose<A extends unknown[], R> = { call(...args: A): R }["call"];

/** Asks an llm variant and shows it, as earlier turns, what was right for questions like this one. */
export interface ExamplesSpec<O> {
  readonly kind: "examples";
  /** An llm variant of the same function. */
  readonly of: string;
  /** How many at most; the nearest stands last. */
  readonly count: number;
  /** Answers that a label confirmed, or that were corrected. */
  readonly from: "feedback";
  /** The field of the input by which questions are alike; by default the written prompt. */
  readonly by?: string;
  /** `<provider>/<model>` that makes embeddings: questions are alike that mean the same. By default those that share letters. */
  readonly embedder?: string;
  /** In [0, 1]: questions less alike are not shown. Default 0. */
  readonly minimumNearness?: number;
  /** Writes an output as the model would have, where `of` makes its output of plain text. */
  readonly write?: Loose<[output: O], string>;
}
