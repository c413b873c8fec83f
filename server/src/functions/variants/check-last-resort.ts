import { z } from "zod";
import type { Erased, LastGoodSpec, MessageSpec, VariantEntry } from "./specs.ts";

interface Problem {
  readonly path: string;
  readonly message: string;
}

const longestSeconds = 30 * 86_400;
const lastGoodSchema = z.strictObject({
  kind: z.literal("last-good"),
  of: z.string(),
  maxAgeSeconds: z.number().positive().max(longestSeconds),
});

export function findMessageProblems(spec: MessageSpec<Erased>, output: z.ZodObject): Problem[] {
  // As it is kept: in a binding, which is JSON.
  const parsed = output.safeParse(JSON.parse(JSON.stringify(spec.output) ?? "null"));
  if (parsed.success) return [];
  return parsed.error.issues.map((issue) => ({ path: ["output", ...issue.path].join("."), message: issue.message }));
}

export function findLastGoodProblems(spec: LastGoodSpec, variants: Readonly<Record<string, VariantEntry<Erased, Erased>>>): Problem[] {
  const parsed = lastGoodSchema.safeParse(spec);
  if (!parsed.success) return parsed.error.issues.map(({ path, message }) => ({ path: path.join("."), message }));
  const target = Object.hasOwn(variants, spec.of) ? variants[spec.of] : undefined;
  if (target === undefined) return [{ path: "of", message: `there is no variant "${spec.of}"` }];
  if (isLastResort(target)) return [{ path: "of", message: `"${spec.of}" answers nothing of its own` }];
  return [];
}

/** What stands at the end of a chain and answers without looking. */
export function isLastResort(entry: VariantEntry<Erased, Erased>): boolean {
  return typeof entry !== "function" && (entry.kind === "message" || entry.kind === "last-good");
}
