import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { sha256, silentLogger } from "../src/core/index.ts";
import { createEmbeddedSql, migrate, readMigrations } from "../src/storage/index.ts";

declare module "vitest" {
  interface ProvidedContext {
    templateFolder: string;
  }
}

/**
 * Creating a PGlite folder takes seconds, opening one a fifth of a second: every test copies a folder made once, already
 * migrated, and kept between runs under a name that changes with the migrations.
 */
export default async function prepareTemplate(project: TestProject): Promise<void> {
  const migrations = await readMigrations();
  const parent = join(tmpdir(), "millrace-test-templates");
  const folder = join(parent, sha256(JSON.stringify([4, ...migrations.map((each) => each.checksum)])).slice(0, 16));
  await mkdir(parent, { recursive: true });
  if (!(await readdir(parent)).includes(folder.slice(parent.length + 1))) {
    const making = await mkdtemp(join(parent, "making-"));
    const sql = await createEmbeddedSql({ folder: making, logger: silentLogger });
    await migrate(sql, migrations, silentLogger).finally(() => sql.close());
    await rename(making, folder).catch(async () => {
      // Another run made the same template first.
      await rm(making, { recursive: true, force: true });
    });
  }
  project.provide("templateFolder", folder);
}
