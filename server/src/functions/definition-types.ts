import type { z } from "zod";
import type { Condition } from "../core/index.ts";
import type { Erased, LlmClocks, VariantEntry, VariantSpec } from "./variants/specs.ts";

/** What a function is for, who loses what when it errs. */
export interface Purpose {
  readonly objective: string;
  /** The decision its answer changes. */
  readonly decision: string;
  readonly errors: readonly { readonly error: string; readonly cost: string }[];
}

/** A step of a fallback chain: a variant's name, or the name with the condition under which it is asked at all. */
export type FallbackStep<N extends string> =
  | N
  | {
      readonly variant: N;
      /** `input.bytes < 2000 and metadata.tier == 'free'`: see docs/functions.md. */
      readonly when: string;
    };

/** What `defineFunction` takes. */
export interface FunctionSpec<
  I extends z.ZodObject,
  O extends z.ZodObject,
  V extends Record<string, VariantEntry<z.output<I>, z.input<O>>>,
> {
  readonly name: string;
  /** Who answers for it: a person or a team. */
  readonly owner: string;
  readonly purpose: Purpose;
  /** How far it may go, in plain words. */
  readonly boundary: string;
  readonly input: I;
  readonly output: O;
  readonly latencyBudgetMs: number;
  /** How long its models may keep silent; all of their time is the budget's. A variant may be stricter. */
  readonly clocks?: Omit<LlmClocks, "totalMs">;
  /** What it is asked about, of `gateway.dataClasses`: only providers that list it may see it. */
  readonly dataClass?: string;
  /** Default 1 MiB. */
  readonly maxBodyBytes?: number;
  readonly variants: V;
  /** The order in which variants are tried. */
  readonly fallback: readonly FallbackStep<NoInfer<keyof V & string>>[];
  /** The label recorded with an answer; by default `output.label`. */
  labelOf?(output: z.output<O>): string | null;
  /** The confidence recorded with an answer; by default `output.confidence`. */
  confidenceOf?(output: z.output<O>): number | null;
  /** Read by the monitoring module, passed through. */
  readonly monitoring?: Readonly<Record<string, unknown>>;
  /** Read by the release module, passed through. */
  readonly retraining?: Readonly<Record<string, unknown>>;
}

/** A function as the program holds it: checked, frozen, types erased. */
export interface FunctionDefinition {
  readonly name: string;
  readonly owner: string;
  readonly purpose: Purpose;
  readonly boundary: string;
  readonly input: z.ZodObject;
  readonly output: z.ZodObject;
  readonly latencyBudgetMs: number;
  readonly maxBodyBytes: number;
  readonly clocks?: Omit<LlmClocks, "totalMs">;
  readonly dataClass?: string;
  readonly variants: Readonly<Record<string, VariantSpec<Erased, Erased>>>;
  readonly fallback: readonly string[];
  /** Of the variants in `fallback` that have one: asked only where it holds. */
  readonly conditions: ReadonlyMap<string, Condition>;
  /** Variants whose answers are kept for a last-good step, and for how many seconds. */
  readonly remembered: ReadonlyMap<string, number>;
  /** Whether a variant asks a foundation model. */
  readonly asksModels: boolean;
  labelOf(output: Record<string, unknown>): string | null;
  confidenceOf(output: Record<string, unknown>): number | null;
  readonly monitoring: Readonly<Record<string, unknown>>;
  readonly retraining: Readonly<Record<string, unknown>>;
}
