import { resolve } from "node:path";
import { z } from "zod";
import { secretSchema } from "../core/index.ts";

/** Where signed checkpoints go besides the database. Without one the log is self-consistent, but not anchored. */
const sinkSchema = z.discriminatedUnion("kind", [
  /** A file of JSON lines that only grows. */
  z.strictObject({ kind: z.literal("file"), path: z.string().min(1) }),
  /** A POST of each checkpoint. Its host is one of `egress.hosts`. */
  z.strictObject({
    kind: z.literal("webhook"),
    url: z.url({ abort: true }),
    /** Sent as `Authorization: Bearer`. */
    bearer: secretSchema.optional(),
    /** How far it has come is kept under this name. Default: `webhook <host>`. */
    name: z.string().min(1).max(100).optional(),
  }),
]);
export type SinkConfig = z.infer<typeof sinkSchema>;

export function sinkName(config: SinkConfig): string {
  if (config.kind === "file") return `file ${resolve(config.path)}`;
  return config.name ?? `webhook ${new URL(config.url).host}`;
}

const sinksSchema = z.array(sinkSchema).superRefine((sinks, refinement) => {
  const names = sinks.map(sinkName);
  for (const [index, name] of names.entries())
    if (names.indexOf(name) !== index)
      refinement.addIssue({ code: "custom", path: [index], message: `a second sink called "${name}": give it a name of its own` });
});

export const configSchema = z
  .object({
    /** Hours a sign-in lasts. */
    sessionHours: z.number().positive().max(720).default(12),
    /** Minutes a one-time sign-in link can be used. */
    linkMinutes: z.number().positive().max(1440).default(15),
    audit: z
      .object({
        /**
         * The file with the Ed25519 key that signs checkpoints, used when `MILLRACE_AUDIT_KEY` is not set. It is kept outside
         * the data folder: whoever can rewrite the log must not find the key beside it. Default: `<data folder>.audit-key`.
         */
        keyFile: z.string().min(1).optional(),
        /** Earlier public keys (base64) whose checkpoints still count, after the key was changed. */
        trustedPublicKeys: z.array(z.string()).default([]),
        sinks: sinksSchema.default([]),
      })
      .prefault({}),
  })
  .prefault({});
export type GovernanceConfig = z.infer<typeof configSchema>;
