import { rm } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { AppError, type Context } from "../../core/index.ts";
import { archiveColumns } from "./columns.ts";
import { type ReplacedFile, blankBody, blankShadows, forgetReplaced, replaceFile, toErase, withBlank } from "./erasure-repository.ts";
import { hashBody } from "./hash-record.ts";
import { hourAfter, hourOf, idsOf } from "./hours.ts";
import { type StoredInference, insertFiles, listFiles, lockHour, readInferences } from "./repository.ts";
import type { Tx } from "../../storage/index.ts";
import { findArchived } from "./find-archived.ts";
import type { ArchiveDeps, ArchiveFile, ArchiveKind, ErasedBody } from "./types.ts";

interface Replacement {
  readonly old: ArchiveFile;
  readonly fresh: ArchiveFile;
}

/**
 * Erases what went in and came out of one inference: in SQL, in the lake's files, and with it what its shadows answered. Its list
 * row stays, and so does the hash that its hour's seal covers. A repeat changes nothing. `unknown_inference`, or `conflict` when
 * the files that may hold it were written by somebody else meanwhile.
 */
export async function eraseBody(context: Context, id: string, deps: ArchiveDeps): Promise<ErasedBody> {
  const { sql, governance, clock } = deps;
  if ((await sql.as(context, (tx) => readStored(tx, id))) === null && (await findArchived(context, id, deps)) === null)
    throw new AppError("unknown_inference", `There is no inference ${id}.`, { details: { id } });
  const files = await sql.as(context, (tx) => listHolding(tx, id));
  const replacements = await rewriteFiles(id, files, deps);
  const { changed, listed } = await sql.as(context, async (tx) => {
    for (const place of placesOf(id)) await lockHour(tx, place);
    const now = (await listHolding(tx, id)).map((file) => file.path);
    // Whoever exported the hour since had read the text, and whoever erased something else has taken away what was rewritten here.
    if (now.join() !== files.map((file) => file.path).join()) return { changed: null, listed: now };
    const stored = await readStored(tx, id);
    const hash = stored === null ? null : hashBody(stored);
    const blanked = hash !== null && (await blankBody(tx, id, hash));
    const shadows = await blankShadows(tx, id);
    for (const { old, fresh } of replacements) {
      await replaceFile(tx, old.path);
      await insertFiles(tx, [fresh], new Date(clock.now()).toISOString());
    }
    if (!blanked && shadows === 0 && replacements.length === 0) return { changed: false, listed: now };
    const rewritten = replacements.map(({ old, fresh }) => ({ removed: old.path, added: fresh.path }));
    const after = { sql: blanked, shadows, files: rewritten };
    await governance.audit(tx, { action: "functions.erase-body", object: `inference:${id}`, after });
    return { changed: true, listed: now };
  });
  if (changed === null) {
    // They may hold what the other erasure took out.
    for (const { fresh } of replacements) if (!listed.includes(fresh.path)) await rm(join(deps.lakeFolder, fresh.path), { force: true });
    throw new AppError("conflict", "The files of its hour changed meanwhile; ask again.");
  }
  const removed = replacements.map(({ old }) => ({ projectId: context.projectId, path: old.path }));
  await removeReplaced(removed, deps);
  return { id, changed, files: replacements.length };
}

async function readStored(tx: Tx, id: string): Promise<StoredInference | null> {
  const [row] = await readInferences(tx, { ...idsOf(hourOf(id)), from: id, after: null, limit: 1 });
  return row?.id === id ? row : null;
}

/** Where something of an inference may be. A shadow answers after its inference: in that hour, or early in the next. */
function placesOf(id: string): { kind: ArchiveKind; hour: string }[] {
  const hour = hourOf(id);
  return [
    { kind: "inferences", hour },
    { kind: "shadows", hour },
    { kind: "shadows", hour: hourAfter(hour) },
  ];
}

/** The files that may hold something of an inference. */
async function listHolding(tx: Tx, id: string): Promise<ArchiveFile[]> {
  const files: ArchiveFile[] = [];
  for (const place of placesOf(id)) files.push(...(await listFiles(tx, place)));
  return files.filter((file) => file.kind === "shadows" || (file.firstId <= id && id <= file.lastId));
}

/** Writes the files that do hold something of it anew, beside the old ones. */
async function rewriteFiles(id: string, files: readonly ArchiveFile[], deps: ArchiveDeps): Promise<Replacement[]> {
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

/** Removes files that were replaced. What a crash leaves of it, the next run of retention does. */
export async function removeReplaced(files: readonly ReplacedFile[], deps: ArchiveDeps): Promise<void> {
  for (const { projectId, path } of files) {
    await rm(join(deps.lakeFolder, path), { force: true });
    await deps.sql.as({ projectId, principalId: "system:functions" }, (tx) => forgetReplaced(tx, path));
  }
}
