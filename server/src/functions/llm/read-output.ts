import { jsonrepair } from "jsonrepair";
import type { z } from "zod";

/** What became of the text of an answer. */
export type Reading =
  | { readonly kind: "valid" | "repaired"; readonly value: unknown }
  | { readonly kind: "invalid"; readonly issues: readonly string[] };

/** The output in a model's text, as the model wrote it: what the schema makes of it is made later. `mend`: JSON with faults in it may be mended. */
export function readOutput(text: string, schema: z.ZodType, mend: boolean): Reading {
  const parsed = parse(text);
  if (parsed !== undefined) return check(parsed.value, schema, "valid");
  const mended = mend ? repair(text) : [];
  const readings = mended.map((value) => check(value, schema, "repaired"));
  return readings.find(({ kind }) => kind === "repaired") ?? readings.at(-1) ?? { kind: "invalid", issues: ["it is not JSON"] };
}

function check(value: unknown, schema: z.ZodType, kind: "valid" | "repaired"): Reading {
  const result = schema.safeParse(value);
  if (result.success) return { kind, value };
  const issues = result.error.issues.slice(0, 20).map(({ path, message }) => `${path.join(".") || "its top"}: ${message}`);
  return { kind: "invalid", issues };
}

/** The text mended as a whole, and what stands between its outermost braces: models like to say something around it. */
function repair(text: string): unknown[] {
  const inner = text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1);
  return [...new Set([text, inner])].flatMap((each) => {
    try {
      const parsed = parse(jsonrepair(each));
      return parsed === undefined ? [] : [parsed.value];
    } catch {
      return [];
    }
  });
}

function parse(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}
