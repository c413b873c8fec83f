import type { Condition, ConditionValue, ConditionValues } from "../core/index.ts";

/** Where a chain stands when it comes to a step. */
export interface ChainState {
  readonly input: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, string>> | undefined;
  readonly remainingMs: number;
  readonly failures: readonly { readonly code: string }[];
}

/** The values a condition looks at, and no others: the size of an input is not measured for nothing. */
export function conditionValues(condition: Condition, state: ChainState): ConditionValues {
  return Object.fromEntries(condition.names.map((name) => [name, valueOf(name, state)]));
}

function valueOf(name: string, state: ChainState): ConditionValue | undefined {
  switch (name) {
    case "input.bytes":
      return Buffer.byteLength(JSON.stringify(state.input));
    case "deadline.ms":
      return state.remainingMs;
    case "failures":
      return state.failures.length;
    case "lastError":
      return state.failures.at(-1)?.code;
  }
  const [family, key] = [name.slice(0, name.indexOf(".")), name.slice(name.indexOf(".") + 1)];
  const values: Readonly<Record<string, unknown>> = (family === "metadata" ? state.metadata : state.input) ?? {};
  // What is of another type than declared counts as not known.
  return Object.hasOwn(values, key) ? (values[key] as ConditionValue) : undefined;
}
