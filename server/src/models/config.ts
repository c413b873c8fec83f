import { z } from "zod";

export const configSchema = z
  .object({
    /** Threads that hold ONNX sessions. One leaves the second core of a small machine to everything else. */
    threads: z.int().min(1).max(64).default(1),
    /** Requests that may wait for the threads; past it `overloaded`. */
    maxQueue: z.int().min(1).default(1000),
    /** Rows that go through a session together. */
    maxBatchRows: z.int().min(1).max(1024).default(32),
    /** Sessions kept open in each thread; the least recently used is closed first. */
    maxSessions: z.int().min(1).default(16),
    /** Memory of the process that trains, in MiB. */
    trainMemoryMb: z.int().min(256).default(2048),
    /** Minutes a training may take. */
    trainMinutes: z.number().positive().max(1440).default(30),
    /** Bytes of an ONNX file that is imported. */
    maxImportBytes: z
      .int()
      .positive()
      .default(512 * 1024 * 1024),
    /** Seconds that opening and trying an imported file may take. */
    importSeconds: z.number().positive().max(3600).default(60),
  })
  .prefault({});
export type ModelsConfig = z.output<typeof configSchema>;
