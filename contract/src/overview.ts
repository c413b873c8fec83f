import { z } from "zod";
import { alertSchema } from "./monitoring.ts";
import { evidenceSchema } from "./functions.ts";
import { nodeSchema } from "./jobs.ts";

/** One stage of the loop: what it holds, and what waits there. */
export const stageSchema = z.object({
  stage: z.enum(["data", "models", "functions", "inference", "feedback", "monitoring", "release"]),
  counts: z.record(z.string(), z.number()),
  waiting: z.int(),
  note: z.string().nullable(),
});
export const overviewSchema = z.object({
  stages: z.array(stageSchema),
  evidence: evidenceSchema,
  nodes: z.array(nodeSchema),
  openAlerts: z.array(alertSchema),
  configHash: z.string(),
  /** Why a changed configuration is not in force here, while the one before it goes on; null when there is none. */
  configProblem: z.string().nullable(),
});
export type Overview = z.infer<typeof overviewSchema>;
export const backupRequestSchema = z.object({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/)
    .optional(),
});
export const backupSchema = z.object({ path: z.string(), files: z.number().int(), bytes: z.number().int(), seconds: z.number() });
export const storageStatusSchema = z.object({
  store: z.enum(["embedded", "postgres"]),
  stateVersion: z.string(),
  stateAgeMs: z.number(),
  migrations: z.int(),
  /** When the last backup was finished: one this project asked for, or one of the schedule. */
  lastBackupAt: z.iso.datetime({ offset: true }).nullable(),
});
export const healthSchema = z.object({ status: z.enum(["ok", "unready"]), reasons: z.array(z.string()) });
