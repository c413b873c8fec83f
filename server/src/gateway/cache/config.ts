import { isModelFunction } from "@millrace/contract";
import { z } from "zod";

const names = z.union([z.literal("all"), z.array(z.string().min(1).max(200)).min(1).max(200)]);
const mostSeconds = 31 * 86_400;

const exactSchema = z
  .strictObject({
    /** As callers write them: a name of `gateway.models`, or `<provider>/<model>`. */
    models: names.optional(),
    /** Functions whose own variants ask models. */
    functions: names.optional(),
    /** So long an answer is as good as a new one. */
    ttlSeconds: z.int().positive().max(mostSeconds).default(3600),
    /** So long after that it is still told, while a new one is fetched behind it. */
    staleSeconds: z.int().min(0).max(mostSeconds).default(0),
    /** Of all kept answers of this node; the one that was used longest ago goes first. */
    maxBytes: z
      .int()
      .min(65_536)
      .max(8 * 1024 ** 3)
      .default(64 * 1024 * 1024),
    /** Who is told an answer that another was given: nobody, who may do exactly the same, or everybody in the project. */
    scope: z.enum(["principal", "rights", "project"]).default("principal"),
    /** Also where the temperature is not 0: every caller hears the same then. */
    anyTemperature: z.boolean().default(false),
    /** Also answers that call tools. */
    toolCalls: z.boolean().default(false),
    /** The longest pause between two pieces of a stream that is told again; 0 tells it at once. */
    maxGapMs: z.int().min(0).max(10_000).default(500),
  })
  .refine(({ models, functions }) => models !== undefined || functions !== undefined, {
    error: "name models, functions, or both: nothing is kept unasked",
  });

const semanticSchema = z
  .strictObject({
    models: names.optional(),
    functions: names.optional(),
    /** What says how alike two questions are: their characters, or an encoder of sentences that runs here. */
    embedder: z
      .string()
      .regex(/^(lexical|onnx\/[a-z0-9][a-z0-9-]{0,63})$/, "lexical, or onnx/<name>")
      .default("lexical"),
    /** The share of hits whose answer would have been the same: its lower bound must reach this before there is any hit. */
    precision: z.number().min(0.5).max(0.999).default(0.95),
    /** Of that bound. */
    confidence: z.number().min(0.5).max(0.999).default(0.95),
    /** Of what would be hits, the share that is asked all the same: it keeps the threshold true. */
    verifyShare: z.number().min(0.01).max(1).default(0.05),
  })
  .refine(({ models, functions }) => models !== undefined || functions !== undefined, {
    error: "name models, functions, or both: nothing is taken for alike unasked",
  });

export const cacheSchema = z
  .strictObject({ exact: exactSchema.optional(), semantic: semanticSchema.optional() })
  .prefault({})
  .refine(({ exact, semantic }) => semantic === undefined || exact !== undefined, {
    path: ["semantic"],
    error: "needs cache.exact: it looks among the answers that are kept there",
  })
  .refine(({ exact, semantic }) => semantic === undefined || exact?.scope !== "project", {
    path: ["semantic"],
    error: 'needs cache.exact.scope "principal" or "rights": who may see less must not be told what another asked',
  });
export type CacheConfig = z.output<typeof cacheSchema>;
export type ExactConfig = z.output<typeof exactSchema>;
export type SemanticConfig = z.output<typeof semanticSchema>;

/** Whether a call is of those that are named: by its model where it is a bare model's, else by the function that asks. */
export function isNamed(
  { models, functions }: Pick<ExactConfig, "models" | "functions">,
  call: { model: string; function: string },
): boolean {
  return isModelFunction(call.function) ? holds(models, call.model) : holds(functions, call.function);
}

function holds(list: ExactConfig["models"], name: string): boolean {
  return list === "all" || (list?.includes(name) ?? false);
}
