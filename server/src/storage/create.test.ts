import { join } from "node:path";
import { describe, expect, inject, onTestFinished, test } from "vitest";
import { copyTemplate } from "../../test/copy-template.ts";
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
  test("opens an empty place, and finds what it stored when it is opened again", async () => {
    const options = await storeOptions();
    const first = await createStorage(options);
    expect(first.sql.store).toBe(options.databaseUrl === undefined ? "embedded" : "postgres");
    await first.hotState.start();
    await first.sql.as(context, (tx) => tx.client.query("select 1"));
    await first.sql.owner.query("create table kept (a int)");
    await first.close();
    const second = await createStorage({ ...options, migrations: "check" });
    const { rows } = await second.sql.owner.query("select * from kept");
    expect(rows).toEqual([]);
    await second.close();
  });

  test("that may only check refuses a place that was never migrated, and lets it go again", async () => {
    const options = await storeOptions();
    if (options.databaseUrl === undefined) copyTemplate(inject("emptyTemplateFolder"), join(options.dataFolder, "database"));
    await expect(createStorage({ ...options, migrations: "check" })).rejects.toMatchObject({ code: "schema_outdated" });
    await (await createStorage(options)).close();
  });

  test("is one process's when it is embedded", async ({ skip }) => {
    const options = await storeOptions();
    if (options.databaseUrl !== undefined) return skip("any number of processes share a PostgreSQL");
    copyTemplate(inject("templateFolder"), join(options.dataFolder, "database"));
    const storage = await createStorage(options);
    await expect(createStorage({ ...options, dataFolder: join(options.dataFolder, ".") })).rejects.toMatchObject({
      code: "data_folder_locked",
      details: { pid: process.pid },
    });
    await storage.close();
  });
});
