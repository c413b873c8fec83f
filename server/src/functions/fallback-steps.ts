import { z } from "zod";
import { type Condition, type ConditionNames, type ConditionType, isAppError, parseCondition } from "../core/index.ts";
import type { FallbackStep } from "./types.ts";

/** A chain as it was declared: the order of its variants, and which of them are asked only under a condition. */
export interface FallbackSteps {
  readonly order: readonly string[];
  readonly conditions: ReadonlyMap<string, Condition>;
  /** What is wrong with the conditions, each with its path. */
  readonly problems: readonly { readonly path: string; readonly message: string }[];
}

export function readFallback(fallback: readonly FallbackStep<string>[], input: z.ZodObject): FallbackSteps {
  const conditions = new Map<string, Condition>();
  const problems: { path: string; message: string }[] = [];
  let names: ConditionNames | undefined;
  for (const [index, step] of fallback.entries()) {
    if (typeof step === "string") continue;
    names ??= conditionNames(input);
    try {
      conditions.set(step.variant, parseCondition(step.when, names));
    } catch (error) {
      if (!isAppError(error, "config_invalid")) throw error;
      problems.push({ path: `fallback[${index}].when`, message: error.message.replace(/\.$/, "") });
    }
  }
  return { order: fallback.map((step) => (typeof step === "string" ? step : step.variant)), conditions, problems };
}

/** What a condition of a chain may look at. `input.bytes` is the size, also where a field of the input has this name. */
export function conditionNames(input: z.ZodObject): ConditionNames {
  const { properties = {} } = z.toJSONSchema(input, { io: "output", unrepresentable: "any" });
  const names: Record<string, ConditionType> = {};
  for (const [field, schema] of Object.entries(properties)) {
    const type = typeOf(schema);
    if (type !== undefined) names[`input.${field}`] = type;
  }
  return { ...names, "input.bytes": "number", "metadata.*": "text", "deadline.ms": "number", failures: "number", lastError: "text" };
}

const types: Readonly<Record<string, ConditionType>> = { string: "text", number: "number", integer: "number", boolean: "flag" };

/** The one type a field has when it is there; undefined where it can be several, or holds more than one value. */
function typeOf(schema: z.core.JSONSchema._JSONSchema): ConditionType | undefined {
  const [only, ...others] = typesOf(schema);
  return others.length === 0 ? only : undefined;
}

function typesOf(schema: z.core.JSONSchema._JSONSchema): (ConditionType | undefined)[] {
  if (typeof schema === "boolean") return [undefined];
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.flatMap(typesOf))];
  // Written as one type or as several; without any it may be everything.
  const written: readonly (string | undefined)[] = [schema.type].flat();
  return written.filter((type) => type !== "null").map((type) => (type === undefined ? undefined : types[type]));
}
