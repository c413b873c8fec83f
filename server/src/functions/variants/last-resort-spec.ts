/** A plain, fixed answer for when nothing better can be had. Its place is the end of a chain. */
export interface MessageSpec<O> {
  readonly kind: "message";
  readonly output: O;
}

/** The newest answer another variant gave the same caller for the same input, if it is not too old. */
export interface LastGoodSpec {
  readonly kind: "last-good";
  /** The variant whose answers count as good. */
  readonly of: string;
  readonly maxAgeSeconds: number;
}

/** What stands in the evidence of an answer that is less than what was asked for. */
export type Degraded =
  | { readonly kind: "message" }
  | {
      readonly kind: "last-good";
      /** The inference it was the answer of, and what gave it then. */
      readonly inference: string;
      readonly variant: string;
      readonly binding: string;
      readonly ageSeconds: number;
    };
