import { z } from "zod";

/** Where signed checkpoints go besides the database. Without one the log is self-consistent, but not anchored. */
export const sinkSchema = z.object({ kind: z.literal("file"), path: z.string().min(1) });
export type SinkConfig = z.infer<typeof sinkSchema>;

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
        sinks: z.array(sinkSchema).default([]),
      })
      .prefault({}),
  })
  .prefault({});
export type GovernanceConfig = z.infer<typeof configSchema>;
