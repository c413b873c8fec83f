import type { Dimension } from "@millrace/contract";

/** One trainer with what of it is fixed and what is searched. */
export interface Candidate {
  readonly trainer: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly space: Readonly<Record<string, Dimension>>;
}

export interface Plan {
  readonly candidates: readonly Candidate[];
  /** At most so many trials. */
  readonly trials: number;
  readonly seed: number;
  /** First each candidate with its fixed parameters alone. */
  readonly defaultsFirst: boolean;
}

/** What is to be tried next. */
export interface Proposal {
  /** Its place in the plan. */
  readonly candidate: number;
  /** Of the candidate's space alone. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Of the training rows, in (0, 1]. */
  readonly share: number;
}

/** A proposal that was tried; null: it failed, or was set aside. */
export interface Tried extends Proposal {
  readonly loss: number | null;
}

/**
 * One way to search: what to try after what was tried, null at the end. The same plan and history always give the same
 * answer, so a search goes on after a restart as if nothing had happened.
 */
export type Searcher = (plan: Plan, tried: readonly Tried[]) => Proposal | null;
