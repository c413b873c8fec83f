import { join } from "node:path";
import type { z } from "zod";
import { type Context, createEgress, egressConfigSchema, silentLogger, systemClock, systemContext } from "../src/core/index.ts";
import { configSchema as dataConfigSchema, createData, type Data } from "../src/data/index.ts";
import { configSchema as governanceConfigSchema, createGovernance, type Governance } from "../src/governance/index.ts";
import { configSchema as jobsConfigSchema, createJobs, type Jobs } from "../src/jobs/index.ts";
import { type BlobStore, createFolderBlobs, createLakeInTask, type Lake } from "../src/storage/index.ts";
import { createTestStore, type TestStore } from "./store.ts";

/** Storage, governance, jobs and data, as the program composes them. */
export interface DataParts {
  readonly store: TestStore;
  readonly governance: Governance;
  readonly jobs: Jobs;
  readonly blobs: BlobStore;
  readonly lake: Lake;
  readonly data: Data;
  readonly context: Context;
  /** Actions and objects of the audit log, oldest first. */
  audited(): Promise<string[]>;
  /** Uploads, builds, and answers the reference. */
  build(
    rows: readonly unknown[] | string,
    request: Omit<Parameters<Data["create"]>[1], "uploadId" | "holdout" | "contract" | "description"> &
      Partial<Parameters<Data["create"]>[1]>,
  ): Promise<string>;
  close(): Promise<void>;
}

export async function createDataParts(
  options: {
    readonly config?: z.input<typeof dataConfigSchema>;
    readonly start?: boolean;
    readonly define?: (parts: Omit<DataParts, "close" | "build" | "audited">) => void;
  } = {},
): Promise<DataParts> {
  const store = await createTestStore();
  const { sql, hotState, dataFolder } = store;
  const governance = createGovernance({
    sql,
    hotState,
    config: governanceConfigSchema.parse(undefined),
    clock: systemClock,
    logger: silentLogger,
    dataFolder,
    egress: createEgress({ config: egressConfigSchema.parse(undefined), logger: silentLogger }),
  });
  const audit = governance.audit.bind(governance);
  const egress = createEgress({
    config: egressConfigSchema.parse(undefined),
    logger: silentLogger,
  });
  const jobs = createJobs({
    sql,
    audit,
    clock: systemClock,
    logger: silentLogger,
    config: jobsConfigSchema.parse({ pollMs: 50 }),
    nodeId: "node-a",
    configHash: "0".repeat(64),
    version: "0.0.0",
  });
  const blobs = createFolderBlobs({ folder: join(dataFolder, "blobs") });
  // In this process: a task for each question of a test is a second of CPU, and that tasks hold is tested where they are.
  const lake = createLakeInTask({ scratchFolder: join(dataFolder, "scratch") });
  const data = createData({
    sql,
    blobs,
    lake,
    jobs,
    audit,
    clock: systemClock,
    egress,
    config: dataConfigSchema.parse(options.config),
    scratchFolder: join(dataFolder, "scratch"),
  });
  const context = systemContext("test");
  const parts = { store, governance, jobs, blobs, lake, data, context };
  options.define?.(parts);
  if (options.start !== false) await jobs.start("up");
  return {
    ...parts,
    async audited() {
      const { items } = await governance.auditLog.list(context, { limit: 500 });
      return items.map((entry) => `${entry.action} ${entry.object}`).reverse();
    },
    async build(rows, request) {
      const text = typeof rows === "string" ? rows : rows.map((row) => JSON.stringify(row)).join("\n");
      const upload = await data.upload(context, chunks(text));
      const { workflowId } = await data.create(context, {
        contract: "infer",
        holdout: 0.2,
        description: "",
        ...request,
        uploadId: upload.id,
      });
      return jobs.result<string>(workflowId);
    },
    async close() {
      await jobs.close();
      await egress.close();
      await governance.close();
      await store.close();
    },
  };
}

/** Bytes as they come from a socket: cut anywhere, even inside a character. */
export async function* chunks(text: string, size = 1000): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}
