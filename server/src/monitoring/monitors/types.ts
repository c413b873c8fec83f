import type { Estimate, Signal } from "@millrace/contract";
import type { InputProfile } from "../input-profile.ts";
import type { Settings } from "../settings.ts";

/** What a window is compared with. */
export interface ReferenceFacts {
  /** For people: `mail@1`, or `the first window`. */
  readonly name: string;
  readonly inputs: InputProfile;
  readonly accuracy: Estimate | null;
  readonly recalls: Readonly<Record<string, Estimate>> | null;
}

/** True labels that came back about a window's answers. */
export interface Truth {
  readonly labelled: number;
  readonly agreed: number;
  /** By true label: how many, and how many of them were answered right. */
  readonly byLabel: Readonly<Record<string, { readonly n: number; readonly right: number }>>;
}

/** Everything monitors may look at in one window. Labels, inputs and truth are those of its own answers: a fallback's say nothing about the model. */
export interface WindowFacts {
  /** Refused requests are not among them. */
  readonly requests: number;
  /** Own answers by label. */
  readonly labels: Readonly<Record<string, number>>;
  readonly failed: number;
  readonly fallbacks: number;
  readonly overBudget: number;
  readonly budgetMs: number;
  readonly inputs: InputProfile;
  readonly truth: Truth;
}

export interface MonitorInput {
  readonly window: WindowFacts;
  /** Null while there is nothing to compare with. */
  readonly reference: ReferenceFacts | null;
  readonly settings: Settings;
}

/** One thing measured, and what it means. */
export interface Measure extends Signal {
  /** Large enough to matter, and not by chance. */
  readonly exceeded: boolean;
  /** So large that one window is enough. */
  readonly strong: boolean;
}

/** One way to look at a window. Every member of the family has this shape; `index.ts` lists them. */
export interface Monitor {
  readonly name: Signal["monitor"];
  measure(input: MonitorInput): Measure[];
}

/** Chance of one wrong signal in a quiet window, before the rule of two windows. */
export const chance = 0.001;
/** The same for a signal that needs no second window. */
export const strongChance = 1e-6;
