import { z } from "zod";
import { idSchema, instantSchema } from "./wire.ts";

export const workflowStatusSchema = z.enum(["queued", "running", "succeeded", "failed", "cancelled"]);
export const workflowSchema = z.object({
  id: z.string(),
  /** `<module>.<name>@<n>`. */
  name: z.string(),
  status: workflowStatusSchema,
  node: z.string().nullable(),
  attempts: z.int(),
  createdAt: instantSchema,
  updatedAt: instantSchema,
  input: z.unknown(),
  output: z.unknown().nullable(),
  error: z.string().nullable(),
});
export type Workflow = z.infer<typeof workflowSchema>;
export const workflowStepSchema = z.object({
  index: z.int(),
  name: z.string(),
  status: z.enum(["ok", "failed"]),
  startedAt: instantSchema.nullable(),
  completedAt: instantSchema.nullable(),
  error: z.string().nullable(),
});
export const workflowDetailSchema = workflowSchema.extend({ steps: z.array(workflowStepSchema) });
export type WorkflowDetail = z.infer<typeof workflowDetailSchema>;
export const startedSchema = z.object({ workflowId: z.string() });

export const nodeSchema = z.object({
  /** The process: fresh at every start, as evidence names it in `produced.process`. */
  id: z.string(),
  /** What people call it: MILLRACE_NODE, or the host's name. Two processes have one name while one takes over from the other. */
  name: z.string(),
  /** What this process does: everything, requests only, or work only. */
  role: z.enum(["up", "serve", "work"]),
  host: z.string(),
  startedAt: instantSchema,
  heartbeatAt: instantSchema,
  alive: z.boolean(),
  configHash: z.string(),
  version: z.string(),
  /** Bindings loaded and warm on this node. */
  readyBindings: z.array(z.string()),
});
export type Node = z.infer<typeof nodeSchema>;
export const eventSchema = z.object({ id: idSchema, type: z.string(), subject: z.string(), at: instantSchema, payload: z.unknown() });
export const scheduleSchema = z.object({ name: z.string(), everySeconds: z.number(), lastRunAt: instantSchema.nullable() });
