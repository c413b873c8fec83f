import { z } from "zod";
import { isType, shapeOf } from "../llm/input-shape.ts";
import type { Erased, ExamplesSpec, VariantEntry } from "./specs.ts";

const specSchema = z.strictObject({
  kind: z.literal("examples"),
  of: z.string(),
  count: z.int().min(1).max(16),
  from: z.literal("feedback"),
  by: z.string().min(1).optional(),
  embedder: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,63}\/\S{1,150}$/, "<provider>/<model>")
    .optional(),
  minimumNearness: z.number().min(0).max(1).optional(),
  write: z.custom((value) => typeof value === "function", "a function").optional(),
});

export interface DeclaredAround {
  readonly input: z.ZodType;
  readonly variants: Readonly<Record<string, VariantEntry<Erased, Erased>>>;
}

interface Problem {
  readonly path: string;
  readonly message: string;
}

/** What is wrong with a declaration, each under its path below the variant's. */
export function findExamplesProblems(spec: ExamplesSpec<Erased>, { input, variants }: DeclaredAround): Problem[] {
  const parsed = specSchema.safeParse(spec);
  if (!parsed.success) return parsed.error.issues.map(({ path, message }) => ({ path: path.join("."), message }));
  const problems: Problem[] = [];
  const { properties = {} } = shapeOf(input, "output");
  if (spec.by !== undefined && !(Object.hasOwn(properties, spec.by) && isType(properties[spec.by], "string")))
    problems.push({ path: "by", message: `"${spec.by}" is not a field of the input that is a text` });
  const target = Object.hasOwn(variants, spec.of) ? variants[spec.of] : undefined;
  if (target === undefined) return [...problems, { path: "of", message: `there is no variant "${spec.of}"` }];
  if (typeof target === "function" || target.kind !== "llm")
    return [...problems, { path: "of", message: `"${spec.of}" is no llm variant` }];
  // Earlier turns of another conversation would read like this one's.
  if (target.messages !== undefined)
    problems.push({
      path: "of",
      message: `"${spec.of}" asks with \`messages\`; examples stand where its history does, so it needs a prompt alone`,
    });
  const isPlain = typeof target.output === "function";
  if (isPlain && spec.write === undefined)
    problems.push({ path: "write", message: `"${spec.of}" makes its output of plain text; say how an output reads as one` });
  if (!isPlain && spec.write !== undefined)
    problems.push({ path: "write", message: `"${spec.of}" answers by schema, and so do its examples; leave this out` });
  return problems;
}
