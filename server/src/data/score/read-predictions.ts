import { z } from "zod";
import { AppError } from "../../core/index.ts";
import { parseRows } from "../parse-rows.ts";
import type { PredictionTask } from "./types.ts";

const cellSchema = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const shared = {
  group: z.union([z.string(), z.number(), z.boolean()]).transform(String).optional(),
  /** What slices are made of. */
  columns: z.record(z.string(), cellSchema).default({}),
};
const nameSchema = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const share = z.number().min(0).max(1);

const schemas = {
  classification: z.strictObject({
    truth: nameSchema,
    label: nameSchema.optional(),
    score: share.optional(),
    probabilities: z.record(z.string(), share).optional(),
    ...shared,
  }),
  regression: z.strictObject({ truth: z.number(), score: z.number(), ...shared }),
  ranking: z.strictObject({ truth: z.number().min(0).max(30), score: z.number(), query: nameSchema, ...shared }),
} satisfies Record<PredictionTask, z.ZodType>;

export type Prediction<T extends PredictionTask> = z.infer<(typeof schemas)[T]>;

/** The rows of a file of JSON lines. `invalid_request` names the first line that is wrong, and its field. */
export async function readPredictions<T extends PredictionTask>(path: string, task: T): Promise<Prediction<T>[]> {
  const { rows, rejections } = await parseRows(path);
  const [broken] = rejections;
  if (broken !== undefined) throw wrongLine(path, broken.line, broken.reason);
  if (rows.length === 0) throw new AppError("invalid_request", `${path} holds no predictions; give one JSON object a line.`);
  return rows.map(({ raw, line }) => {
    const parsed = schemas[task].safeParse(raw);
    if (parsed.success) return parsed.data as Prediction<T>;
    const issue = parsed.error.issues[0]!;
    throw wrongLine(path, line, `${issue.path.join(".") || "the row"}: ${issue.message}`);
  });
}

function wrongLine(path: string, line: number, reason: string): AppError {
  return new AppError("invalid_request", `${path} line ${line}: ${reason}.`, { details: { line, reason } });
}
