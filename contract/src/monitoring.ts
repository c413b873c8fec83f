import { z } from "zod";
import { estimateSchema, idSchema, instantSchema, nameSchema } from "./wire.ts";

export const signalSchema = z.object({
  monitor: z.enum(["input-drift", "output-drift", "accuracy", "latency", "failures"]),
  /** What was measured, for example `label share`, `subject length`. */
  measure: z.string(),
  value: z.number(),
  threshold: z.number(),
  pValue: z.number().nullable(),
  n: z.int(),
  detail: z.string(),
});
export type Signal = z.infer<typeof signalSchema>;

export const windowSchema = z.object({
  function: nameSchema,
  from: instantSchema,
  to: instantSchema,
  requests: z.int(),
  labelled: z.int(),
  accuracy: estimateSchema.nullable(),
  labels: z.record(z.string(), z.int()),
  measures: z.array(
    z.object({ monitor: z.string(), measure: z.string(), value: z.number(), threshold: z.number(), exceeded: z.boolean() }),
  ),
});
export type MonitoringWindow = z.infer<typeof windowSchema>;

export const alertSchema = z.object({
  id: idSchema,
  function: nameSchema,
  /** One alert for one cause: the same cause, window after window, is the same alert. */
  cause: z.string(),
  title: z.string(),
  status: z.enum(["open", "acknowledged", "resolved"]),
  owner: z.string(),
  /** What to do, in steps. Markdown. */
  playbook: z.string(),
  openedAt: instantSchema,
  /** When it happened, by the caller's clock. */
  occurredFrom: instantSchema,
  occurredTo: instantSchema,
  windows: z.int(),
  signals: z.array(signalSchema),
  /** The retraining it started, if any. */
  workflowId: z.string().nullable(),
});
export type Alert = z.infer<typeof alertSchema>;
export const changeAlertSchema = z.object({ status: z.enum(["acknowledged", "resolved"]), note: z.string().max(1000).optional() });
/** Runs the monitors over every complete window now instead of waiting for the schedule. */
export const runMonitoringSchema = z.object({ function: nameSchema.optional() });
export const monitoringRunSchema = z.object({ windows: z.int(), alerts: z.array(idSchema) });
