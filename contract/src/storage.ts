import { z } from "zod";

/** Evidence whose time in SQL is over: it goes with the next run of retention, or stays for the reason given. */
export const dueEvidenceSchema = z.object({
  kind: z.enum(["bodies", "inferences", "shadows"]),
  /** The day of bodies (`2026-03-05`), the month of the rest (`2026-03`). */
  name: z.string(),
  rows: z.int(),
  bytes: z.int(),
  blockedBy: z.string().nullable(),
});
export const retentionSchema = z.object({ bodiesDays: z.int(), listsMonths: z.int(), due: z.array(dueEvidenceSchema) });
export type Retention = z.infer<typeof retentionSchema>;
