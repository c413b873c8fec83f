import { z } from "zod";
import type { BestOfSpec, Erased, VariantEntry } from "./specs.ts";

const specSchema = z.strictObject({
  kind: z.literal("best-of"),
  of: z.string(),
  count: z.int().min(2).max(16),
  score: z.custom((value) => typeof value === "function", "a function"),
});

/** What is wrong with a declaration, each under its path below the variant's. */
export function findBestOfProblems(
  spec: BestOfSpec<Erased, Erased>,
  variants: Readonly<Record<string, VariantEntry<Erased, Erased>>>,
): { readonly path: string; readonly message: string }[] {
  const parsed = specSchema.safeParse(spec);
  if (!parsed.success) return parsed.error.issues.map(({ path, message }) => ({ path: path.join("."), message }));
  const target = Object.hasOwn(variants, spec.of) ? variants[spec.of] : undefined;
  if (target === undefined) return [{ path: "of", message: `there is no variant "${spec.of}"` }];
  // Answers of the others do not differ from time to time.
  if (typeof target === "function" || target.kind !== "llm") return [{ path: "of", message: `"${spec.of}" is no llm variant` }];
  return [];
}
