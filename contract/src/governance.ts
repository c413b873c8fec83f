import { z } from "zod";
import { functionNameSchema, idSchema, instantSchema, nameSchema } from "./wire.ts";

/** Everything a key or session may be allowed to do. A route names exactly one. */
export const permissions = [
  "functions.infer",
  "functions.read",
  "functions.write",
  "evidence.read",
  "evidence.write",
  "feedback.write",
  "feedback.read",
  "data.read",
  "data.write",
  "models.read",
  "models.write",
  "gateway.read",
  "gateway.write",
  "monitoring.read",
  "monitoring.write",
  "evaluation.read",
  "evaluation.write",
  "release.read",
  "release.write",
  "jobs.read",
  "jobs.write",
  "governance.read",
  "governance.write",
  "switch.write",
  "storage.read",
  "storage.write",
] as const;
export const permissionSchema = z.enum(permissions);
export type Permission = z.infer<typeof permissionSchema>;

/** Named sets of permissions. `viewer` reads all but evidence bodies; `owner` may do everything. */
export const roles = {
  caller: ["functions.infer", "feedback.write"],
  viewer: [
    "functions.read",
    "feedback.read",
    "data.read",
    "models.read",
    "gateway.read",
    "monitoring.read",
    "evaluation.read",
    "release.read",
    "jobs.read",
    "governance.read",
    "storage.read",
  ],
  owner: [...permissions],
} as const satisfies Record<string, readonly Permission[]>;
export const roleSchema = z.enum(["caller", "viewer", "owner"]);
export type Role = z.infer<typeof roleSchema>;

/** Requests allowed per window. */
export const limitSchema = z.object({ requests: z.int().positive(), windowSeconds: z.int().positive().max(86_400) });

export const createKeySchema = z.object({
  name: nameSchema,
  roles: z.array(roleSchema).default([]),
  permissions: z.array(permissionSchema).default([]),
  /** Functions this key may call; absent means all. */
  functions: z.array(functionNameSchema).optional(),
  limit: limitSchema.optional(),
});
export const keySchema = z.object({
  id: idSchema,
  name: z.string(),
  /** The first characters, to recognise it by; only a hash of the rest is kept. */
  prefix: z.string(),
  permissions: z.array(permissionSchema),
  functions: z.array(z.string()).nullable(),
  limit: limitSchema.nullable(),
  createdAt: instantSchema,
  createdBy: z.string(),
  revokedAt: instantSchema.nullable(),
});
export type Key = z.infer<typeof keySchema>;
/** `key` is shown this once. */
export const createdKeySchema = keySchema.extend({ key: z.string() });

export const principalSchema = z.object({
  id: z.string(),
  name: z.string(),
  kind: z.enum(["key", "session"]),
  projectId: idSchema,
  permissions: z.array(permissionSchema),
});
export const signInSchema = z.object({ token: z.string().min(1).max(200) });
export const signInLinkSchema = z.object({ url: z.string(), expiresAt: instantSchema });

/** Target `*` is every function. */
export const switchSchema = z.object({
  target: z.union([z.literal("*"), functionNameSchema]),
  off: z.boolean(),
  reason: z.string().nullable(),
  changedBy: z.string(),
  changedAt: instantSchema,
});
export type Switch = z.infer<typeof switchSchema>;
export const setSwitchSchema = z.object({ off: z.boolean(), reason: z.string().max(500).optional() });

export const auditEntrySchema = z.object({
  id: idSchema,
  /** Position in the RFC 6962 tree; null until the sequencer has seen it. */
  index: z.int().nullable(),
  at: instantSchema,
  actor: z.string(),
  /** `<module>.<verb>`, for example `release.promote`. */
  action: z.string(),
  object: z.string(),
  before: z.unknown().nullable(),
  after: z.unknown().nullable(),
});
export type AuditEntry = z.infer<typeof auditEntrySchema>;
export const checkpointSchema = z.object({
  size: z.int(),
  rootHash: z.string(),
  at: instantSchema,
  signature: z.string(),
  publicKey: z.string(),
});
export const auditReportSchema = z.object({
  verified: z.boolean(),
  entries: z.int(),
  pending: z.int(),
  checkpoints: z.int(),
  /** "anchored" when a sink outside the database agrees, else "self-consistent, not anchored". */
  anchoring: z.string(),
  /** The configured sinks: what each holds, how many checkpoints it still waits for, and why if that is known. */
  sinks: z.array(
    z.object({ name: z.string(), kind: z.enum(["file", "webhook"]), size: z.int(), behind: z.int(), problem: z.string().nullable() }),
  ),
  /** Hours of inferences and feedback whose records were compared with their seals in the log. */
  sealed: z.object({ hours: z.int(), records: z.int() }),
  problems: z.array(z.object({ entryId: z.string().nullable(), index: z.int().nullable(), problem: z.string() })),
});
export type AuditReport = z.infer<typeof auditReportSchema>;
