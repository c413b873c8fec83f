import { rm } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { AppError, type Context } from "../../core/index.ts";
import { archiveColumns } from "./columns.ts";
import { blankBody, blankShadows, forgetReplaced, listReplaced, replaceFile, toErase, withBlank } from "./erasure-repository.ts";
import { hashBody } from "./hash-record.ts";
import { hourAfter, hourOf, idsOf } from "./hours.ts";
import { type StoredInference, insertFiles, listFiles, lockHour, readInferences } from "./repository.ts";
import type { Tx } from "../../storage/index.ts";
import { findArchived } from "./find-archived.ts";
import type { ArchiveDeps, ArchiveFile, ErasedBody } from "./types.ts";

interface Replacement {
  readonly old: ArchiveFile;
  readonly fresh: ArchiveFile;
}

/**
 * Erases what went in and came out of one inference: in SQL, in the lake's files, and with it what its shadows answered. Its list
 * row stays, and so does the hash that its hour's seal covers. A repeat changes nothing. `unknown_inference`, or `conflict` when
 * its hour is being exported.
 */
export async function eraseBody(context: Context, id: string, deps: ArchiveDeps): Promise<ErasedBody> {
  const { sql, governance, clock } = deps;
  if ((await sql.as(context, (tx) => readStored(tx, id))) === null && (await findArchived(context, id, deps)) === null)
    throw new AppError("unknown_inference", `There is no inference ${id}.`, { details: { id } });
  const replacements = await rewriteFiles(context, id, deps);
  const changed = await sql.as(context, async (tx) => {
    await lockHour(tx, { kind: "inferences", hour: hourOf(id) });
    const stored = await readStored(tx, id);
    const hash = stored === null ? null : hashBody(stored);
    const blanked = hash !== null && (await blankBody(tx, id, hash));
    const shadows = await blankShadows(tx, id);
    for (const { old, fresh } of replacements) {
      if (!(await replaceFile(tx, old.path))) throw new AppError("conflict", "Another erasure changed the same file; ask again.");
      await insertFiles(tx, [fresh], new Date(clock.now()).toISOString());
    }
    if (!blanked && shadows === 0 && replacements.length === 0) return false;
    const files = replacements.map(({ old, fresh }) => ({ removed: old.path, added: fresh.path }));
    await governance.audit(tx, { action: "functions.erase-body", object: `inference:${id}`, after: { sql: blanked, shadows, files } });
    return true;
  });
  await removeReplaced(deps);
  return { id, changed, files: replacements.length };
}

async function readStored(tx: Tx, id: string): Promise<StoredInference | null> {
  const [row] = await readInferences(tx, { ...idsOf(hourOf(id)), after: before(id), limit: 1 });
  return row?.id === id ? row : null;
}

/** The id just below: reading after it begins with the id itself. */
function before(id: string): string {
  const number = BigInt(`0x${id.replaceAll("-", "")}`) - 1n;
  const digits = number.toString(16).padStart(32, "0");
  return [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)].join("-");
}

/** Writes the files that hold something of it anew, beside the old ones. */
async function rewriteFiles(context: Context, id: string, deps: ArchiveDeps): Promise<Replacement[]> {
  const hour = hourOf(id);
  const files = await deps.sql.as(context, async (tx) => [
    ...(await listFiles(tx, { kind: "inferences", hour })).filter(({ firstId: first, lastId: last }) => first <= id && id <= last),
    // A shadow answers after its inference: in that hour, or early in the next.
    ...(await listFiles(tx, { kind: "shadows", hour })),
    ...(await listFiles(tx, { kind: "shadows", hour: hourAfter(hour) })),
  ]);
  const replacements: Replacement[] = [];
  for (const old of files) {
    const known = join(deps.lakeFolder, old.path);
    const [found] = await deps.lake.query({ sql: toErase[old.kind], files: { known }, params: { id } });
    if (found?.["rows"] === 0) continue;
    const columns = archiveColumns[old.kind].map((column) => column.name);
    const query = { sql: withBlank(old.kind, columns), files: { known }, params: { id }, folder: dirname(known) };
    const [written] = await deps.lake.run([{ kind: "derive", ...query }]);
    if (written.rows !== old.rows)
      throw new AppError("lake_query_failed", `The file ${old.path} has ${written.rows} rows, not ${old.rows}.`);
    const path = relative(deps.lakeFolder, written.path).split(sep).join("/");
    replacements.push({ old, fresh: { ...old, path, bytes: written.size, sha256: written.hash } });
  }
  return replacements;
}

/** Removes files that were replaced. What a crash left of it is done by the next run. */
export async function removeReplaced(deps: ArchiveDeps): Promise<void> {
  for (const { projectId, path } of await listReplaced(deps.sql)) {
    await rm(join(deps.lakeFolder, path), { force: true });
    await deps.sql.as({ projectId, principalId: "system:functions" }, (tx) => forgetReplaced(tx, path));
  }
}
