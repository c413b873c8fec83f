import { z } from "zod";
import { AppError } from "../core/index.ts";
import { gateConfigSchema } from "../evaluation/index.ts";
import type { FunctionDefinition } from "../functions/index.ts";

const requests = z.int().min(1).max(10_000_000);

/** `retraining` of a function. */
export const retrainingConfigSchema = z
  .strictObject({
    /** The dataset whose next version is curated. */
    dataset: z.string(),
    trainer: z.string().default("text-classifier"),
    parameters: z.record(z.string(), z.unknown()).default({}),
    seed: z.int().min(0).max(0xffffffff).default(1),
    /** Share of the latest rows held back. */
    holdout: z.number().min(0.05).max(0.5).default(0.2),
    /** An alert starts a retraining, as soon as there are `minimumLabels` new labels. */
    onAlert: z.boolean().default(true),
    minimumLabels: z.int().min(1).default(200),
    /** So many new labels start one without an alert; null: never. */
    afterLabels: z.int().min(1).nullable().default(null),
    gate: gateConfigSchema,
    /** Requests the challenger answers unheard before it gets traffic, and requests of the function while it has its share. */
    shadowRequests: requests.default(300),
    canaryRequests: requests.default(300),
    canaryShare: z.number().gt(0).max(0.5).default(0.1),
    /** Answers the one before still gives unheard after a promotion, to compare both on late labels. */
    afterRequests: requests.default(1000),
    /** How long a shadow or a canary may wait for its requests before the retraining ends as inconclusive, and the one before for its answers. */
    stageTimeoutHours: z.number().positive().max(8760).default(168),
    /** How long a node may take to load a binding before the release goes back, naming it. */
    readyTimeoutMs: z.int().min(100).default(120_000),
  })
  .strict();
export type RetrainingConfig = z.infer<typeof retrainingConfigSchema>;

/** A function's retraining settings; null when it declares none. `config_invalid` names the path. */
export function retrainingConfigOf(definition: FunctionDefinition): RetrainingConfig | null {
  if (Object.keys(definition.retraining).length === 0) return null;
  const parsed = retrainingConfigSchema.safeParse(definition.retraining);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    (issue) => `functions.${definition.name}.retraining${issue.path.map((part) => `.${String(part)}`).join("")}: ${issue.message}`,
  );
  throw new AppError("config_invalid", problems.join("; "), { details: { problems } });
}

export function stageTimeoutMs(config: RetrainingConfig): number {
  return config.stageTimeoutHours * 3_600_000;
}

export function describeHours(hours: number): string {
  if (hours >= 48 && hours % 24 === 0) return `${hours / 24} days`;
  return hours === 1 ? "1 hour" : hours > 1 ? `${hours} hours` : `${Number((hours * 60).toPrecision(3))} minutes`;
}
