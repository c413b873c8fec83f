import { z } from "zod";
import { featureViewsSchema } from "./features/config.ts";
import { sourcesSchema } from "./sources/config.ts";

export const configSchema = z
  .object({
    /** Jaccard similarity (runs of five characters) from which two texts are the same text, edited. 1 turns it off. */
    nearDuplicateThreshold: z.number().min(0.5).max(1).default(0.8),
    /** Memory of the process that builds a dataset, in MiB. */
    buildMemoryMb: z.int().min(256).default(2048),
    /** Minutes a build may take. */
    buildMinutes: z.number().positive().max(1440).default(30),
    /** Bytes one upload may have. */
    maxUploadBytes: z
      .int()
      .positive()
      .default(1024 * 1024 * 1024),
    /** Where rows come from. */
    sources: sourcesSchema,
    /** What is known of an entity, and from when on. */
    features: featureViewsSchema,
  })
  .prefault({});
export type DataConfig = z.infer<typeof configSchema>;
