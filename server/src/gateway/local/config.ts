import { z } from "zod";

/** A model in a GGUF file, run here by node-llama-cpp. */
export const localModelSchema = z.strictObject({
  /** Of the GGUF file: from the root, or from the folder the program is started in. */
  path: z.string().min(1),
  /** Tokens of prompt and answer together. Absent: what the model was trained for, or less where memory is short. */
  contextTokens: z.int().min(64).max(10_000_000).optional(),
  /** Threads of the processor. Absent: what the package thinks best. */
  threads: z.int().positive().max(1024).optional(),
  gpu: z.boolean().default(false),
  /** Without a call for so long, its process ends and its memory is free. */
  idleSeconds: z.int().positive().max(86_400).default(300),
  /** Calls that wait while it answers one, and how long each may, before the next target is asked. */
  queue: z.int().nonnegative().max(10_000).default(16),
  waitMs: z.int().positive().max(600_000).default(60_000),
  clocks: z
    .strictObject({
      totalMs: z.int().positive().max(3_600_000).default(600_000),
      /** Loading it is part of it. */
      firstTokenMs: z.int().positive().max(600_000).default(120_000),
      gapMs: z.int().positive().max(600_000).default(60_000),
    })
    .prefault({}),
  /** Which classes of data it may see: the same list as a provider's. */
  dataClasses: z.array(z.string()).default([]),
  region: z.string().min(1).max(64).optional(),
});
export type LocalModelConfig = z.output<typeof localModelSchema>;

/** `local/<model>` */
export const localProvider = "local";
