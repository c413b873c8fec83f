/** What stands behind a name: every name has one type, so that a wrong comparison is found at the start. */
export type ConditionType = "number" | "text" | "flag";
export type ConditionValue = number | string | boolean;
/** Names a condition may use. `metadata.*` stands for every name under `metadata.`. */
export type ConditionNames = Readonly<Record<string, ConditionType>>;
/** By name, dots included. What is absent, or of another type than said, is not known. */
export type ConditionValues = Readonly<Record<string, ConditionValue | undefined>>;

/** A checked expression over named values. */
export interface Condition {
  /** In one spelling: equal conditions have equal text. */
  readonly text: string;
  /** The names it looks at. */
  readonly names: readonly string[];
  /** Never throws. A comparison with a value that is not known is false. */
  holds(values: ConditionValues): boolean;
}

export type Comparison = "==" | "!=" | "<" | "<=" | ">" | ">=";
export type Operand =
  | { readonly kind: "name"; readonly name: string; readonly type: ConditionType }
  | { readonly kind: "value"; readonly value: ConditionValue };

export type Expression =
  | { readonly kind: "compare"; readonly operator: Comparison; readonly left: Operand; readonly right: Operand }
  | { readonly kind: "in"; readonly left: Operand; readonly list: readonly ConditionValue[] }
  | { readonly kind: "flag"; readonly flag: Operand & { readonly kind: "name" } }
  | { readonly kind: "not"; readonly of: Expression }
  | { readonly kind: "and" | "or"; readonly parts: readonly Expression[] };
