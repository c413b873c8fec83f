import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createManualClock, silentLogger, systemContext } from "../core/index.ts";
import { type TestGovernance, openTestGovernance } from "../governance/test-governance.ts";
import { configSchema, createFolderBlobs, writeBackup } from "../storage/index.ts";
import { lastBackupAt, scheduleBackups } from "./schedule-backups.ts";

let opened: TestGovernance;
beforeAll(async () => {
  opened = await openTestGovernance();
  const blobs = createFolderBlobs({ folder: join(opened.dataFolder, "blobs") });
  await blobs.put(systemContext("test"), Buffer.from("a blob"));
});
afterAll(() => opened.close());

/** The schedules a configuration leads to, to be run by hand. */
function schedulesOf(storage: unknown, clock = createManualClock(Date.UTC(2026, 2, 5))) {
  const { store, governance, dataFolder } = opened;
  const defined: { name: string; everyMs: number; run: () => Promise<void> }[] = [];
  scheduleBackups({
    jobs: { defineSchedule: (name, everyMs, run) => void defined.push({ name, everyMs, run: () => run(systemContext("jobs")) }) },
    config: configSchema.parse(storage).backup,
    dataFolder,
    backUp: async (context, name) => {
      const deps = { sql: store.sql, folders: { blobs: join(dataFolder, "blobs") }, clock, logger: silentLogger };
      const result = await writeBackup({ ...deps, workflowSchema: store.dbosSchema }, join(dataFolder, "backups", name));
      await store.sql.as(context, (tx) => governance.audit(tx, { action: "storage.backup", object: `backup:${name}` }));
      return result;
    },
    sql: store.sql,
    audit: governance.audit,
    clock,
    logger: silentLogger,
  });
  return { defined, clock };
}

test("no backup is made by itself unless the configuration asks for it", () => {
  expect(schedulesOf({}).defined).toEqual([]);
  expect(schedulesOf({ backup: {} }).defined).toMatchObject([{ name: "storage.backup", everyMs: 86_400_000 }]);
  expect(() => configSchema.parse({ backup: { keep: 0 } })).toThrow();
});

test("the schedule keeps as many as it is told, says so in the audit log, and the last one's time is known", async () => {
  const context = systemContext("test");
  expect(await lastBackupAt(opened.governance, context)).toBeNull();
  const { defined, clock } = schedulesOf({ backup: { everyHours: 6, keep: 2 } });
  for (let day = 0; day < 3; day++) {
    await defined[0]!.run();
    clock.advance(6 * 3_600_000);
  }
  const names = ["scheduled-2026-03-05T06-00-00-000Z", "scheduled-2026-03-05T12-00-00-000Z"];
  expect(await readdir(join(opened.dataFolder, "backups"))).toEqual(names);
  const { items } = await opened.governance.auditLog.list(context, { limit: 10, action: "storage.remove-backups" });
  expect(items).toMatchObject([{ actor: "system:storage", after: { removed: ["scheduled-2026-03-05T00-00-00-000Z"], keep: 2 } }]);
  const { items: written } = await opened.governance.auditLog.list(context, { limit: 10, action: "storage.backup" });
  expect(written).toHaveLength(3);
  expect(await lastBackupAt(opened.governance, context)).toBe(written[0]!.at);
});
