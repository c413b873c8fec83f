import { appendFile, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { createTestStore, type TestStore } from "../../../test/store.ts";
import { temporaryFolder } from "../../../test/temporary-folder.ts";
import { createId, defaultProjectId, idBound, silentLogger, systemClock, systemContext } from "../../core/index.ts";
import { configSchema, createJobs, type Jobs, prepareWorkflows } from "../../jobs/index.ts";
import { createFolderBlobs } from "../blobs/index.ts";
import { createCarrier, createDrain, createJournal, type Drain, type Journal } from "../journal/index.ts";
import type { Tx } from "../types.ts";
import { readSchemas, readTables, roleScript, qualifiedName } from "./catalog.ts";
import { verifyBackup } from "./manifest.ts";
import { restoreBackup } from "./restore-backup.ts";
import type { BackupDeps, BackupResult } from "./types.ts";
import { writeBackup } from "./write-backup.ts";

const context = systemContext("test");
const otherProject = "00000000-0000-7000-8000-000000000002";

async function openEmptyStore(): Promise<TestStore> {
  const store = await createTestStore({ migrate: false });
  onTestFinished(() => store.close());
  return store;
}

/** Every row of every table of ours, as text. */
async function allRows(store: TestStore): Promise<Record<string, string[]>> {
  const client = await store.sql.owner.pool.connect();
  const found: Record<string, string[]> = {};
  await client.query("begin");
  try {
    const schemas = await readSchemas(client, store.dbosSchema);
    for (const table of await readTables(client, schemas)) {
      await client.query(roleScript(table));
      const { rows } = await client.query<{ line: string }>(
        `select to_json(t)::text as line from ${qualifiedName(schemas, table)} t order by 1`,
      );
      if (table.name !== "core_migrations") found[`${table.schema}.${table.name}`] = rows.map(({ line }) => line);
    }
  } finally {
    await client.query("rollback");
    client.release();
  }
  return found;
}

async function bind(tx: Tx, hash: string, resolved: string): Promise<void> {
  await tx.client.query(
    "insert into functions_bindings (project_id, hash, function, variant, kind, label, resolved, created_by) values ($1, $2, 'f', 'v', 'rules', 'l', $3::json, 'test') on conflict do nothing",
    [tx.projectId, hash, resolved],
  );
}

/** Rows that are easy to lose: two projects, JSON with line breaks, every kind of text, a partition of its own, a used sequence. */
async function fill(store: TestStore): Promise<void> {
  const { sql } = store;
  await sql.owner.query("insert into core_projects (id, name) values ($1, 'other')", [otherProject]);
  const month = Date.UTC(2026, 0, 1);
  await sql.owner.query(
    `create table functions_inference_bodies_test partition of functions_inference_bodies for values from ('${idBound(month)}') to ('${idBound(month + 86_400_000)}')`,
  );
  await sql.owner.query("select storage_protect('functions_inference_bodies_test')");
  await sql.as(context, (tx) =>
    bind(tx, "odd", '{"a":\n  "line\\nbreak", "b" : 1.10, "b":2, "quote":"\\"", "text":"é İ \u{1f600} \u2028 \\u0001"}'),
  );
  await sql.as({ ...context, projectId: otherProject }, (tx) => bind(tx, "theirs", '"only text"'));
  await sql.as(context, async (tx) => {
    await tx.client.query(
      `insert into functions_inference_bodies (project_id, id, input, output, steps, produced, metadata)
      select $1, ($2 || lpad(n::text, 12, '0'))::uuid, to_json(repeat('large ', n * 20)), '{}', '[]', '{}', '{}' from generate_series(0, 199) n`,
      [defaultProjectId, idBound(month).slice(0, 24)],
    );
  });
}

/** One store with its folders, which every test backs up from, and a backup of it as it is in the beginning. */
interface Source {
  readonly store: TestStore;
  readonly deps: BackupDeps;
  readonly hash: string;
  readonly rows: Record<string, string[]>;
  readonly backup: BackupResult;
}

let source: Source;
beforeAll(async () => {
  const store = await createTestStore();
  const folder = await mkdtemp(join(tmpdir(), "millrace-test-"));
  const blobs = join(folder, "blobs");
  const lake = join(folder, "lake");
  const deps = { sql: store.sql, workflowSchema: store.dbosSchema, folders: { blobs, lake }, clock: systemClock, logger: silentLogger };
  await fill(store);
  const { hash } = await createFolderBlobs({ folder: blobs }).put(context, "model bytes");
  await mkdir(join(blobs, defaultProjectId, "incoming"), { recursive: true });
  await writeFile(join(blobs, defaultProjectId, "incoming", "half"), "half");
  await writeFile(join(blobs, "a"), "bytes");
  await mkdir(join(lake, "data"), { recursive: true });
  await writeFile(join(lake, "data", "a.parquet"), "PAR1");
  const backup = await writeBackup(deps, join(folder, "backup"));
  source = { store, deps, hash, rows: await allRows(store), backup };
  return async () => {
    await store.close();
    await rm(folder, { recursive: true, force: true });
  };
});

function openJobs(store: TestStore, run: (part: string) => string): Jobs {
  const jobs = createJobs({
    sql: store.sql,
    audit: async () => {},
    clock: systemClock,
    logger: silentLogger,
    config: configSchema.parse({ pollMs: 50, heartbeatMs: 100, staleAfterMs: 1000 }),
    nodeId: "node",
    configHash: "0".repeat(64),
    version: "0.0.0",
  });
  jobs.defineWorkflow("test.long@1", async (workflow, input: { name: string }) => {
    const first = await workflow.step("first", async () => run(`first of ${input.name}`));
    const word = await workflow.waitFor<string>("go", 60_000);
    return `${first}, ${String(word)}, ${await workflow.step("last", async () => run("last"))}`;
  });
  return jobs;
}

function restoreInto(store: TestStore, folder: string) {
  return {
    sql: store.sql,
    workflowSchema: store.dbosSchema,
    prepareWorkflows: async () => void (await prepareWorkflows(store.sql, silentLogger)),
    folders: { blobs: join(folder, "restored/blobs"), lake: join(folder, "restored/lake") },
    journalFolder: join(folder, "restored/journal/node"),
    logger: silentLogger,
  };
}

describe("a restored backup", () => {
  test("has the same rows and the same blobs, in a store that can be used", async () => {
    const { rows, backup, hash } = source;
    const folder = await temporaryFolder();
    const target = await openEmptyStore();
    const restored = await restoreBackup(restoreInto(target, folder), backup.path);
    expect(restored).toMatchObject({ files: backup.files, rows: backup.rows });

    expect(rows["main.functions_inference_bodies"]).toHaveLength(200);
    expect(rows["main.core_projects"]).toHaveLength(2);
    expect(await allRows(target)).toEqual(rows);
    const copies = createFolderBlobs({ folder: join(folder, "restored/blobs") });
    expect((await copies.get(context, hash)).toString()).toBe("model bytes");
    expect(await readdir(join(folder, "restored/blobs", defaultProjectId))).not.toContain("incoming");
    expect(await readFile(join(folder, "restored/lake/data/a.parquet"), "utf8")).toBe("PAR1");

    const partitions = await target.sql.owner.query<{ name: string; protected: boolean }>(
      "select relname as name, relrowsecurity and relforcerowsecurity as protected from pg_class where relname = 'functions_inference_bodies_test' and relnamespace = current_schema()::regnamespace",
    );
    expect(partitions.rows).toEqual([{ name: "functions_inference_bodies_test", protected: true }]);
    const mine = await target.sql.as(
      context,
      async (tx) => (await tx.client.query<{ hash: string }>("select hash from functions_bindings")).rows,
    );
    expect(mine).toEqual([{ hash: "odd" }]);
  });

  test("holds everything the journal had accepted, and the counts go on from there; a workflow in the middle of its work goes on, with no step done twice", async () => {
    const { store, deps } = source;
    const folder = await temporaryFolder();
    const done: string[] = [];
    const run = (part: string) => {
      done.push(part);
      return part;
    };
    const workflowId = createId();
    const jobs = openJobs(store, run);
    await jobs.start("up");
    await jobs.startWorkflow(context, "test.long@1", { name: "work" }, { workflowId });
    await expect.poll(() => done).toEqual(["first of work"]);
    // The step's result is recorded a moment after the step has run.
    await expect.poll(async () => (await jobs.get(context, workflowId)).steps.length).toBeGreaterThan(0);

    const journal: Journal = await createJournal({
      folder: join(folder, "journal"),
      node: "node",
      clock: systemClock,
      logger: silentLogger,
    });
    const drain: Drain = createDrain({
      journal,
      carrier: createCarrier({
        sql: store.sql,
        sinks: [
          {
            type: "binding",
            async write(tx, records) {
              for (const { id, projectId } of records) {
                await tx.client.query(
                  "insert into functions_bindings (project_id, hash, function, variant, kind, label, resolved, created_by) values ($1, $2, 'f', 'v', 'rules', 'journal', '{}', 'test') on conflict do nothing",
                  [projectId, id],
                );
              }
            },
          },
        ],
      }),
    });
    const ids = Array.from({ length: 300 }, () => createId());
    await Promise.all(ids.map((id) => journal.append({ type: "binding", id, projectId: defaultProjectId })));
    await journal.append({ type: "unheard-of", id: createId(), projectId: defaultProjectId });
    const running = writeBackup({ ...deps, journal, drain }, join(folder, "backup"));
    // Accepted while it runs: in this backup or in the next, but never in the way.
    await Promise.all(Array.from({ length: 50 }, () => journal.append({ type: "binding", id: createId(), projectId: defaultProjectId })));
    await running;
    await drain.idle();
    expect(journal.stats()).toMatchObject({ accepted: 351, stored: 350, rejected: 1, backlog: 0 });
    await drain.close();
    await journal.close();
    await jobs.close();

    const target = await openEmptyStore();
    const restore = restoreInto(target, folder);
    await restoreBackup(restore, join(folder, "backup"));
    const { rows } = await target.sql.system("backup", (tx) =>
      tx.client.query<{ hash: string }>("select hash from functions_bindings where label = 'journal'"),
    );
    const found = new Set(rows.map(({ hash }) => hash));
    expect(ids.filter((id) => !found.has(id))).toEqual([]);
    const next = await createJournal({ folder: join(folder, "restored/journal"), node: "node", clock: systemClock, logger: silentLogger });
    expect(next.stats()).toMatchObject({ accepted: found.size + 1, stored: found.size, rejected: 1, backlog: 0 });
    await next.close();

    const after = openJobs(target, run);
    await after.start("up");
    await after.signalWorkflow(context, workflowId, "go", "approved");
    expect(await after.result(workflowId)).toBe("first of work, approved, last");
    expect(done).toEqual(["first of work", "last"]);
    await after.close();
  });

  test("is refused where something is already, before anything is written", async () => {
    const { store, backup } = source;
    const folder = await temporaryFolder();
    const { path } = backup;
    await expect(restoreBackup(restoreInto(store, folder), path)).rejects.toMatchObject({ code: "conflict" });
    const restore = restoreInto(store, folder);
    await mkdir(restore.folders.blobs, { recursive: true });
    await writeFile(join(restore.folders.blobs, "something"), "");
    await expect(restoreBackup(restore, path)).rejects.toMatchObject({ code: "conflict", details: { first: "something" } });
    expect(await readdir(join(folder, "restored"))).toEqual(["blobs"]);
  });
});

describe("a backup", () => {
  async function damaged(change: (folder: string) => Promise<void>): Promise<unknown> {
    const copy = join(await temporaryFolder(), "copy");
    await cp(source.backup.path, copy, { recursive: true });
    await change(copy);
    return verifyBackup(copy).then(
      () => "accepted",
      (error: { code: string; details: { file: string } }) => `${error.code}: ${error.details.file}`,
    );
  }

  test("names every file with its hash", async () => {
    const manifest = await verifyBackup(source.backup.path);
    expect(manifest.files.map(({ path }) => path)).toContain("files/blobs/a");
    expect(manifest.tables.map(({ name }) => name)).toContain("core_projects");
    expect(await damaged(async () => {})).toBe("accepted");
  });

  test("that was changed, cut, or added to is refused, by the file", async () => {
    const projects = "sql/main/core_projects.jsonl";
    expect(await damaged((folder) => appendFile(join(folder, projects), "{}\n"))).toBe(`backup_invalid: ${projects}`);
    expect(await damaged((folder) => writeFile(join(folder, "files/blobs/a"), "bytez"))).toBe("backup_invalid: files/blobs/a");
    expect(await damaged((folder) => rm(join(folder, "files/blobs/a")))).toBe("backup_invalid: files/blobs/a");
    expect(await damaged((folder) => writeFile(join(folder, "files/blobs/b"), ""))).toBe("backup_invalid: files/blobs/b");
    expect(await damaged((folder) => rm(join(folder, "manifest.json")))).toBe("backup_invalid: manifest.json");
    expect(
      await damaged(async (folder) =>
        writeFile(join(folder, "manifest.json"), (await readFile(join(folder, "manifest.json"), "utf8")).replace('"size": 5', '"size": 6')),
      ),
    ).toBe("backup_invalid: manifest.json");
    expect(await damaged((folder) => writeFile(join(folder, "manifest.json"), "{"))).toBe("backup_invalid: manifest.json");
  });

  test("is not written over another one, and one that fails leaves nothing", async () => {
    const { deps, backup } = source;
    await expect(writeBackup(deps, backup.path)).rejects.toMatchObject({ code: "conflict" });
    const folder = await temporaryFolder();
    const lake = join(folder, "lake");
    await writeFile(lake, "a file where a folder should be");
    await expect(writeBackup({ ...deps, folders: { ...deps.folders, lake } }, join(folder, "second"))).rejects.toThrow("ENOTDIR");
    expect(await readdir(folder)).toEqual(["lake"]);
    await verifyBackup(backup.path);
    expect((await readdir(dirname(backup.path))).toSorted()).toEqual(["backup", "blobs", "lake"]);
  });
});
