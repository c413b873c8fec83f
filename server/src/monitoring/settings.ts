import { z } from "zod";
import { AppError } from "../core/index.ts";
import type { FunctionDefinition } from "../functions/index.ts";

const windowSchema = z.union([
  /** So many requests a window: as sure in a quiet month as in a busy hour. */
  z.strictObject({ requests: z.int().min(20).max(100_000) }),
  /** So many hours a window, or a multiple of them until there are enough requests. */
  z.strictObject({ hours: z.number().positive().max(8760), minimumRequests: z.int().min(20).default(100) }),
]);

/** What `monitoring` of a function's definition may say. A threshold is the size of an effect that matters; chance is ruled out besides. */
export const settingsSchema = z
  .strictObject({
    window: windowSchema.default({ requests: 250 }),
    /** Jensen-Shannon distance (base 2) between the label shares of the window and of the reference. */
    labelShare: z.number().positive().max(1).default(0.1),
    /** Kolmogorov-Smirnov statistic (numbers) or Jensen-Shannon distance (categories), within the same label. */
    inputChange: z.number().positive().max(1).default(0.3),
    /** Share of a text's words that the reference never used, above what is usual. */
    unseenWords: z.number().positive().max(1).default(0.15),
    /** Loss of accuracy that the mix of labels does not explain. */
    accuracyDrop: z.number().positive().max(1).default(0.05),
    /** Share of answers slower than the function's latency budget. */
    overBudget: z.number().positive().max(1).default(0.1),
    /** Share of requests that failed or were answered by a fallback. */
    failures: z.number().positive().max(1).default(0.05),
    /** Labels a window needs before its accuracy counts. */
    minimumLabels: z.int().min(10).default(50),
  })
  .prefault({});
export type Settings = z.infer<typeof settingsSchema>;

/** The settings of a function. Throws `config_invalid` naming the path that is wrong. */
export function readSettings(definition: FunctionDefinition): Settings {
  const parsed = settingsSchema.safeParse(definition.monitoring);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => ({ path: ["monitoring", ...issue.path].join("."), message: issue.message }));
  throw new AppError(
    "config_invalid",
    `Function "${definition.name}": ${problems.map(({ path, message }) => `${path}: ${message}`).join("; ")}.`,
    { details: { function: definition.name, problems } },
  );
}
