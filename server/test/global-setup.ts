import { mkdir, mkdtemp, readFile, readdir, rename, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { sha256, silentLogger, systemClock } from "../src/core/index.ts";
import { prepareWorkflows } from "../src/jobs/index.ts";
import { createEmbeddedSql, migrate, readMigrations } from "../src/storage/index.ts";
import { copyTemplate } from "./copy-template.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** A migrated PGlite folder with the tables of workflows, to be copied. */
    templateFolder: string;
    /** The same before the first migration. */
    emptyTemplateFolder: string;
  }
}

const parent = join(tmpdir(), "millrace-test-templates");
const keptMs = 24 * 3_600_000;

/**
 * Creating a PGlite folder takes seconds, opening one a fifth of a second: every test copies a folder made once and kept
 * between runs, under a name that changes with what made it.
 */
export default async function prepareTemplates(project: TestProject): Promise<void> {
  await mkdir(parent, { recursive: true });
  await removeOld();
  const host = await readFile(new URL("../src/storage/sql/pglite-host.ts", import.meta.url), "utf8");
  // It names the version of the engine.
  const dependencies = await readFile(new URL("../package.json", import.meta.url), "utf8");
  const migrations = await readMigrations();
  const empty = await prepare(host, async (folder) => {
    await (await createEmbeddedSql({ folder, logger: silentLogger })).close();
  });
  const migrated = await prepare(JSON.stringify([host, dependencies, ...migrations]), async (folder) => {
    copyTemplate(empty, folder);
    const sql = await createEmbeddedSql({ folder, logger: silentLogger });
    try {
      await migrate(sql, migrations, silentLogger);
      await prepareWorkflows(sql, silentLogger);
    } finally {
      await sql.close();
    }
  });
  project.provide("emptyTemplateFolder", empty);
  project.provide("templateFolder", migrated);
}

/** The folder made from this content; made now when there is none. */
async function prepare(content: string, make: (folder: string) => Promise<void>): Promise<string> {
  const name = sha256(content).slice(0, 16);
  const folder = join(parent, name);
  if ((await readdir(parent)).includes(name)) return folder;
  const making = await mkdtemp(join(parent, "making-"));
  await make(making);
  await rename(making, folder).catch(async () => {
    // Another run made the same template first.
    await rm(making, { recursive: true, force: true });
  });
  return folder;
}

async function removeOld(): Promise<void> {
  for (const name of await readdir(parent)) {
    const made = await stat(join(parent, name)).catch(() => undefined);
    if (made !== undefined && systemClock.now() - made.mtimeMs > keptMs) await rm(join(parent, name), { recursive: true, force: true });
  }
}
