import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll } from "vitest";
import {
  type Context,
  createEgress,
  createId,
  createManualClock,
  defaultProjectId,
  egressConfigSchema,
  idBound,
  silentLogger,
} from "../src/core/index.ts";
import { type Archive, type ArchiveDeps, createArchive, createSinks } from "../src/functions/index.ts";
import { type Governance, type SealedEvidence, configSchema, createGovernance } from "../src/governance/index.ts";
import { type DrainedRecord, createLakeInTask } from "../src/storage/index.ts";
import { type TestStore, createTestStore } from "./store.ts";

export const someHour = Date.UTC(2025, 2, 5, 10);
export const minuteMs = 60_000;

export interface TestArchive {
  readonly store: TestStore;
  readonly governance: Governance;
  readonly clock: ReturnType<typeof createManualClock>;
  readonly lakeFolder: string;
  readonly scratchFolder: string;
  readonly context: Context;
  /** The archive over this store, and others with other bounds. */
  archive(more?: Partial<ArchiveDeps>): Archive;
  /** Stores inferences of a moment as the drain does; answers their ids in order. */
  put(count: number, at: number, more?: Record<string, unknown>): Promise<string[]>;
  putShadows(count: number, at: number): Promise<string[]>;
  rows(table: string): Promise<Record<string, unknown>[]>;
}

let serial = 0;

/** An id of a moment, later than all before. */
function idAt(time: number): string {
  serial += 1;
  return `${idBound(time).slice(0, 24)}${String(serial).padStart(12, "0")}`;
}

function inferenceAt(time: number, context: Context, more: Record<string, unknown>): DrainedRecord {
  const id = idAt(time);
  const record = {
    projectId: context.projectId,
    function: "triage-mail",
    status: "ok",
    variant: "rules",
    binding: "b1",
    arm: "stable",
    release: null,
    fallback: false,
    label: "spam",
    confidence: 0.1 + 0.2,
    error: null,
    latencyMs: 1.25,
    caller: "key:alice",
    occurredAt: time - 1,
    input: { subject: `mail ${serial} "Ünïcödé" \u2028`, none: "\0" },
    output: { label: "spam" },
    steps: [{ name: "run", ms: 0.5 }],
    produced: { node: "n1" },
    metadata: { reader: "bob" },
    ...more,
  };
  return { type: "inference", id, projectId: context.projectId, interrupted: false, record: { id, ...record } };
}

/** One store for a file of tests; each test has a project of its own in it, and an archive whose clock it holds. */
export function useArchive(): { open(): Promise<TestArchive> } {
  let store: TestStore | undefined;
  const closers: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    store = await createTestStore();
  });
  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
    await store!.sql.owner.query(
      "truncate functions_inferences, functions_inference_bodies, functions_shadows, functions_files, functions_hours, functions_late_hours, governance_audit, governance_audit_trees, governance_audit_checkpoints",
    );
  });
  afterAll(() => store!.close());
  return {
    async open() {
      const { sql, hotState, dataFolder } = store!;
      const clock = createManualClock(someHour);
      const [lakeFolder, scratchFolder] = [join(dataFolder, createId(), "lake"), join(dataFolder, "scratch")];
      await mkdir(scratchFolder, { recursive: true });
      const sealed: SealedEvidence[] = [];
      const config = configSchema.parse(undefined);
      const egress = createEgress({ config: egressConfigSchema.parse(undefined), logger: silentLogger });
      const governance = createGovernance({ sql, hotState, config, clock, logger: silentLogger, dataFolder, egress, sealed: () => sealed });
      closers.push(() => governance.close());
      const context: Context = { projectId: defaultProjectId, principalId: "key:alice:000000000001" };
      const retention = { bodiesDays: 30, listsMonths: 13 };
      const deps = {
        retention,
        sql,
        lake: createLakeInTask({ scratchFolder }),
        lakeFolder,
        scratchFolder,
        governance,
        clock,
        logger: silentLogger,
      };
      sealed.push(createArchive(deps));
      const [inferences, shadows] = createSinks(silentLogger, clock);
      return {
        store: store!,
        governance,
        clock,
        lakeFolder,
        scratchFolder,
        context,
        archive: (more = {}) => createArchive({ ...deps, ...more }),
        async put(count, at, more = {}) {
          const records = Array.from({ length: count }, (_, index) => inferenceAt(at + index, context, more));
          await sql.system("drain", (tx) => inferences!.write(tx, records));
          return records.map((record) => record.id);
        },
        async putShadows(count, at) {
          const records = Array.from({ length: count }, (_, index) => {
            const inference = inferenceAt(at + index, context, { inferenceId: idAt(at + index), agrees: true });
            return { ...inference, type: "inference.shadow" };
          });
          await sql.system("drain", (tx) => shadows!.write(tx, records));
          return records.map((record) => record.id);
        },
        rows: (table) =>
          sql.as(
            context,
            async (tx) => (await tx.client.query(`select * from ${table} where project_id = $1 order by id`, [tx.projectId])).rows,
          ),
      };
    },
  };
}
