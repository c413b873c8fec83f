import type { FunctionDetail } from "@millrace/contract";

type Variant = FunctionDetail["variants"][number];

export interface ChainStep extends Variant {
  /** In the chain, from 1; null outside it. */
  readonly place: number | null;
  /** Asked only if this holds. */
  readonly condition: string | null;
}

/** As people call them. */
export const kindNames: Readonly<Record<Variant["kind"], string>> = {
  model: "trained model",
  rules: "rules",
  llm: "language model",
  agent: "agent",
  remote: "remote service",
  compose: "composed steps",
  "best-of": "best of several",
  examples: "language model with examples",
  message: "fixed message",
  "last-good": "last good answer",
};

/** Variants in the order in which they are asked, those outside the chain last. */
export function readChain({ fallback, variants, conditions }: Pick<FunctionDetail, "fallback" | "variants" | "conditions">): ChainStep[] {
  const placeOf = new Map(fallback.map((name, index) => [name, index + 1]));
  // Names are the user's: `constructor` is one, too.
  const conditionOf = new Map(Object.entries(conditions ?? {}));
  return variants
    .map((variant) => ({ ...variant, place: placeOf.get(variant.name) ?? null, condition: conditionOf.get(variant.name) ?? null }))
    .toSorted((one, other) => (one.place ?? variants.length + 1) - (other.place ?? variants.length + 1));
}
