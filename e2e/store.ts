import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inject, onTestFinished } from "vitest";
import { copyTemplate } from "../server/test/copy-template.ts";
import { createId, silentLogger } from "../server/src/core/index.ts";
import { createPostgresSql } from "../server/src/storage/index.ts";

/** The PostgreSQL the suite was given; undefined: the embedded store is under test. */
export const testDatabaseUrl: string | undefined = process.env["MILLRACE_TEST_DATABASE_URL"] || undefined;

/** Where one test's processes keep everything: a folder, and on PostgreSQL a schema of their own. */
export interface Place {
  /** The test's folder; nodes get folders in it. */
  readonly folder: string;
  /** What every process of this place needs in its environment. */
  readonly environment: Readonly<Record<string, string>>;
}

/** A place on the store under test, removed when the test ends. On the embedded one `<folder>/data` holds a migrated database: making one takes seconds. */
export async function createPlace(url: string | undefined = testDatabaseUrl): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), "millrace-e2e-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  if (url === undefined) {
    copyTemplate(inject("templateFolder"), join(folder, "data", "database"));
    return { folder, environment: { MILLRACE_DATABASE_URL: "" } };
  }
  const schema = `e2e_${createId().replaceAll("-", "")}`;
  const sql = await createPostgresSql({ url, logger: silentLogger });
  await sql.owner.query(`create schema ${schema}`);
  onTestFinished(async () => {
    await sql.owner.query(`drop schema if exists ${schema} cascade`);
    await sql.owner.query(`drop schema if exists ${schema}_dbos cascade`);
    await sql.close();
  });
  return { folder, environment: { MILLRACE_DATABASE_URL: url, MILLRACE_DATABASE_SCHEMA: schema } };
}
