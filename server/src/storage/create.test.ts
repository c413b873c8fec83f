import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../../test/temporary-folder.ts";
import { createTestStore } from "../../test/store.ts";
import { defaultProjectId, readEnvironment, silentLogger, systemClock } from "../core/index.ts";
import { type StorageDeps, configSchema, createStorage } from "./create.ts";

const context = { projectId: defaultProjectId, principalId: "tester" };

/** Options for a store of the test's own: an empty folder, or a schema that is dropped at the end. */
async function storeOptions(): Promise<StorageDeps> {
  const postgres = readEnvironment("MILLRACE_TEST_DATABASE_URL") ? await createTestStore({ migrate: false }) : undefined;
  if (postgres !== undefined) onTestFinished(() => postgres.close());
  return {
    dataFolder: await temporaryFolder(),
    databaseUrl: postgres?.databaseUrl,
    schema: postgres?.schema,
    migrations: "apply",
    config: configSchema.parse({}),
    clock: systemClock,
    logger: silentLogger,
  };
}

describe("the storage", () => {
  test("refuses an empty place while it may only check, migrates it, is one process's when embedded, and finds again what it stored", async () => {
    const options = await storeOptions();
    await expect(createStorage({ ...options, migrations: "check" })).rejects.toMatchObject({ code: "schema_outdated" });
    // Refused, it lets the place go again.
    const first = await createStorage(options);
    expect(first.sql.store).toBe(options.databaseUrl === undefined ? "embedded" : "postgres");
    if (options.databaseUrl === undefined) {
      await expect(createStorage({ ...options, dataFolder: join(options.dataFolder, ".") })).rejects.toMatchObject({
        code: "data_folder_locked",
        details: { pid: process.pid },
      });
    }
    await first.hotState.start();
    await first.sql.as(context, (tx) => tx.client.query("select 1"));
    await first.sql.owner.query("create table kept (a int)");
    await first.close();
    const second = await createStorage({ ...options, migrations: "check" });
    const { rows } = await second.sql.owner.query("select * from kept");
    expect(rows).toEqual([]);
    await second.close();
  });
});
