import { nameSchema } from "@millrace/contract";
import { z } from "zod";
import { secretSchema } from "../../core/index.ts";

const units = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `15m`, `1h`, `7d`; milliseconds when it is read. */
const intervalSchema = z
  .string()
  .regex(/^[1-9]\d{0,3}[mhd]$/, "a number and m, h or d, for example 1h")
  .transform((text) => Number(text.slice(0, -1)) * units[text.at(-1) as keyof typeof units]);

const common = {
  name: nameSchema,
  /** Read on a schedule. */
  every: intervalSchema.optional(),
  /** Minutes one read may take. */
  minutes: z.number().positive().max(1440).default(30),
};

const table = {
  delimiter: z
    .string()
    .length(1)
    .regex(/[^"\r\n]/, "one character that is neither a quote nor a line break")
    .optional(),
  columns: z.record(z.string(), z.enum(["text", "number", "boolean"])).default({}),
  nulls: z.array(z.string()).default([""]),
  sheet: z.string().optional(),
  origin: z.boolean().default(false),
};

const formatSchema = z.enum(["csv", "jsonl", "parquet", "excel"]);
const textOrSecretSchema = z.union([z.string(), secretSchema]);

const fileSchema = z.strictObject({
  ...common,
  ...table,
  kind: z.literal("file"),
  path: z.string().min(1),
  format: formatSchema.optional(),
});
const folderSchema = z.strictObject({
  ...common,
  ...table,
  kind: z.literal("folder"),
  /** Read with all folders below it. */
  path: z.string().min(1),
  /** Of every file; by the name's ending where it is not told. */
  format: formatSchema.optional(),
});
const httpSchema = z.strictObject({
  ...common,
  ...table,
  kind: z.literal("http"),
  url: z.url({ protocol: /^https?$/ }),
  headers: z.record(z.string(), textOrSecretSchema).default({}),
  /** `json` is an API that answers pages; the others are files. */
  format: z.union([formatSchema, z.literal("json")]),
  /** `json`: the field with the list of rows; the page itself is the list where it is not told. */
  rowsAt: z.string().optional(),
  /** `json`: the field with the cursor of the next page, and the query parameter that takes it. */
  next: z.strictObject({ field: z.string(), parameter: z.string() }).optional(),
  /** `json`: only rows from the highest value of a column on, and the query parameter that asks for them. */
  since: z.strictObject({ column: z.string(), parameter: z.string() }).optional(),
});
const s3Schema = z.strictObject({
  ...common,
  ...table,
  kind: z.literal("s3"),
  /** Of the bucket: `https://shop.s3.eu-central-1.amazonaws.com`, or `https://store.example.com/shop`. */
  url: z.url({ protocol: /^https?$/ }),
  region: z.string().default("us-east-1"),
  /** Only objects whose key begins so. */
  prefix: z.string().default(""),
  /** Of every object; by the key's ending where it is not told. */
  format: formatSchema.optional(),
  /** Left out for a bucket everybody may read. */
  key: z.strictObject({ id: textOrSecretSchema, secret: secretSchema, sessionToken: secretSchema.optional() }).optional(),
});
const postgresSchema = z.strictObject({
  ...common,
  kind: z.literal("postgres"),
  /** `secret("NAME")`: the variable holds `postgres://...`. */
  url: secretSchema,
  /** One SELECT, without a semicolon. */
  query: z.string().min(1),
  /** A column of the query that only grows: only rows beyond its highest value are read. Without it every read is of the whole. */
  watermark: z.string().optional(),
});
const commandSchema = z.strictObject({
  ...common,
  ...table,
  kind: z.literal("command"),
  /** Started without a shell. */
  command: z.string().min(1),
  args: z.array(z.string()).default([]),
  folder: z.string().optional(),
  /** Of its output. */
  format: formatSchema.default("jsonl"),
  /** With PATH, MILLRACE_CURSOR and MILLRACE_CURSOR_FILE all its environment. */
  environment: z.record(z.string(), textOrSecretSchema).default({}),
});
const pushSchema = z.strictObject({
  ...common,
  kind: z.literal("push"),
  /** The column that names a row: one that was sent before is not taken again. */
  keyColumn: z.string().optional(),
});

export const sourceSchema = z.discriminatedUnion("kind", [
  fileSchema,
  folderSchema,
  httpSchema,
  s3Schema,
  postgresSchema,
  commandSchema,
  pushSchema,
]);
export type SourceConfig = z.output<typeof sourceSchema>;
export type SourceOf<K extends SourceConfig["kind"]> = Extract<SourceConfig, { kind: K }>;

/** Where rows come from. Addresses, folders and programs are named here and nowhere else. */
export const sourcesSchema = z
  .array(sourceSchema)
  .superRefine((sources, refinement) => {
    const names = sources.map(({ name }) => name);
    for (const [index, name] of names.entries())
      if (names.indexOf(name) !== index)
        refinement.addIssue({ code: "custom", path: [index, "name"], message: `"${name}" is declared twice` });
  })
  .default([]);
