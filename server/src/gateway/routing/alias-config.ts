import { z } from "zod";

/** `<provider>/<model>` */
export const targetName = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}\/\S{1,150}$/, "<provider>/<model>");
const ms = z.int().positive().max(3_600_000);

const common = {
  targets: z.array(targetName).min(1).max(10),
  /** What its calls hold; only providers that list it may see them. A name of `gateway.dataClasses`. */
  dataClass: z.string().optional(),
  /** Only providers in one of these regions may see them. */
  regions: z.array(z.string().min(1)).min(1).optional(),
  /** Tighter than the providers'; what is looser does not count. */
  clocks: z.strictObject({ totalMs: ms.optional(), firstTokenMs: ms.optional(), gapMs: ms.optional() }).prefault({}),
};

/** How one of the targets is chosen; the others follow when it fails. */
const aliasSchema = z.discriminatedUnion("choose", [
  z.strictObject({ ...common, choose: z.literal("order") }),
  /** By chance, each as often as its weight says. A session stays where it is. */
  z.strictObject({ ...common, choose: z.literal("weighted"), weights: z.array(z.number().nonnegative().max(1e6)) }),
  /** The first rule that holds; see `names.ts` for what it may look at. */
  z.strictObject({
    ...common,
    choose: z.literal("rules"),
    rules: z
      .array(z.strictObject({ when: z.string().min(1).max(2000), to: targetName }))
      .min(1)
      .max(100),
  }),
  /** By the price of the request, where it is known, and an answer of `outputTokens` unless it names its most. */
  z.strictObject({ ...common, choose: z.literal("cheapest"), outputTokens: z.int().positive().max(1_000_000).default(1024) }),
  /** By the median time to the first token; a share of the calls looks how the others are doing. */
  z.strictObject({
    ...common,
    choose: z.literal("fastest"),
    windowMs: z.int().min(1000).max(86_400_000).default(600_000),
    explore: z.number().min(0).max(0.5).default(0.05),
  }),
  /** One after the other, until an answer is sure enough: the geometric mean of the probabilities of its tokens. */
  z.strictObject({
    ...common,
    choose: z.literal("cascade"),
    minimumConfidence: z.number().gt(0).max(1).default(0.8),
    /** Whether an answer without log probabilities counts as sure. */
    unknown: z.enum(["sure", "unsure"]).default("sure"),
  }),
  /** Where the example goes that the last message is most like: by its letters, or by its meaning where an embedder is named. */
  z.strictObject({
    ...common,
    choose: z.literal("similarity"),
    examples: z
      .array(z.strictObject({ text: z.string().min(1).max(4000), to: targetName }))
      .min(1)
      .max(500),
    /** `<provider>/<model>` that makes embeddings. */
    embedder: targetName.optional(),
    /** From 0 to 1; below it the order decides. Absent: 0.2 by letters, 0.4 by meaning. */
    minimumSimilarity: z.number().min(0).max(1).optional(),
  }),
]);
export type Alias = z.output<typeof aliasSchema>;
type Written<Each> = Each extends { readonly choose: "order" } ? Omit<Each, "choose"> & { choose?: "order" } : Each;
/** As it is written: a target, a list of them in order, or an object. */
export type AliasInput = string | string[] | Written<z.input<typeof aliasSchema>>;

/** By hand and not a union of schemas, whose errors would not say where. */
export const modelSchema = z
  .custom<AliasInput>(() => true)
  .transform((written, context): Alias => {
    const { success, data, error } = aliasSchema.safeParse(asObject(written));
    if (success) return data;
    for (const { path, message } of error.issues) {
      const isShort = path[0] === "targets" && (typeof written === "string" || Array.isArray(written));
      // A short form is named as it was written.
      const place = isShort ? path.slice(typeof written === "string" ? 2 : 1) : path;
      context.issues.push({ code: "custom", message, path: [...place], input: written });
    }
    return z.NEVER;
  });

function asObject(written: unknown): unknown {
  if (typeof written === "string") return { choose: "order", targets: [written] };
  if (Array.isArray(written)) return { choose: "order", targets: written as unknown };
  return typeof written === "object" && written !== null ? { choose: "order", ...written } : written;
}
