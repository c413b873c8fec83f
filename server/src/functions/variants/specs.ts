import type { ExamplesSpec } from "./examples-spec.ts";
import type { LastGoodSpec, MessageSpec } from "./last-resort-spec.ts";
import type { BestOfSpec, LlmSpec } from "./llm-spec.ts";

/**
 * What a model answered: the top label, its calibrated probability, and the probability of every label. A regression answers with
 * `value`; its label is empty and its confidence 0.
 */
export interface Prediction {
  readonly label: string;
  /** In [0, 1]. */
  readonly confidence: number;
  readonly probabilities: Readonly<Record<string, number>>;
  /** Of a regression alone. */
  readonly value?: number;
  /** Between them lies the truth of nine rows of ten that are like those held back at training; absent where that was not measured. */
  readonly low?: number;
  readonly high?: number;
  /** Of classes: the labels among which the truth of nine such rows of ten is; all of them where that was not measured. May be empty. */
  readonly set?: readonly string[];
}

/** A variant answered by a registered model. */
export interface ModelSpec<I = never, O = never> {
  readonly kind: "model";
  readonly model: string;
  /** The alias a first binding resolves; later ones come from releases. */
  readonly alias: string;
  /** The model's inputs from the function's; by default the input itself. */
  inputs?(input: I): Record<string, unknown>;
  /** The function's output from the prediction; by default `{ label, confidence }`, of a regression `{ value, low, high }`. */
  output?(prediction: Prediction, input: I): O;
}

/** A variant in plain code. Returning undefined abstains: the next in the chain is asked. */
export interface RulesSpec<I, O> {
  readonly kind: "rules";
  run(input: I, call: { readonly signal: AbortSignal }): O | undefined | Promise<O | undefined>;
}

/** Cheap variants first: the first answer with enough confidence wins, else the most confident one; policy has the last word. */
export interface ComposeSpec<I, O> {
  readonly kind: "compose";
  /** Names of variants of the same function, in order. */
  readonly cascade: readonly string[];
  /** In [0, 1]: an answer below it is handed on. */
  readonly minimumConfidence: number;
  policy?(output: O, input: I): O;
}

/**
 * Input and output of a variant where their types are not known: each definition's own were checked by `defineFunction`, and
 * a table of definitions has none in common.
 */
// oxlint-disable-next-line typescript/no-explicit-any
export type Erased = any;

export type VariantSpec<I, O> =
  | ModelSpec<I, O>
  | RulesSpec<I, O>
  | ComposeSpec<I, O>
  | LlmSpec<I, O>
  | BestOfSpec<I, O>
  | ExamplesSpec<O>
  | MessageSpec<O>
  | LastGoodSpec;
/** In `variants`, a plain function stands for `rules(function)`. */
export type VariantEntry<I, O> =
  | VariantSpec<I, O>
  | ((input: I, call: { readonly signal: AbortSignal }) => O | undefined | Promise<O | undefined>);

export type * from "./examples-spec.ts";
export type * from "./last-resort-spec.ts";
export type * from "./llm-spec.ts";
