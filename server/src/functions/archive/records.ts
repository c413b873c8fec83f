import { join } from "node:path";
import { AppError, type Context } from "../../core/index.ts";
import type { SealedRecord } from "../../governance/index.ts";
import { hashFile } from "../../storage/index.ts";
import { hashBody, hashRecord } from "./hash-record.ts";
import { readHour } from "./read-hour.ts";
import { type StoredInference, hashesAfter, listFiles } from "./repository.ts";
import type { ArchiveDeps } from "./types.ts";

const pageRows = 50_000;

/** An hour's inferences as its seal holds them, from SQL. */
export async function* recordsInSql(context: Context, hour: string, deps: ArchiveDeps): AsyncGenerator<SealedRecord> {
  for await (const slice of readHour(deps.sql, context, { kind: "inferences", hour }))
    for (const row of slice as StoredInference[]) yield { id: row.id, hash: hashRecord(row) };
}

interface FiledRecord extends SealedRecord {
  readonly bodyHash: string | null;
}

/** The same where bodies have left SQL: list rows as SQL has them now, with the hashes of their bodies from the files. */
export async function* recordsHalfInSql(context: Context, hour: string, deps: ArchiveDeps): AsyncGenerator<SealedRecord> {
  const files = recordsInFiles(context, hour, deps);
  let filed = await files.next();
  for await (const slice of readHour(deps.sql, context, { kind: "inferences", hour })) {
    for (const row of slice as StoredInference[]) {
      while (filed.done !== true && filed.value.id < row.id) filed = await files.next();
      const known = filed.done !== true && filed.value.id === row.id ? filed.value.bodyHash : null;
      yield { id: row.id, hash: hashRecord(row, hashBody(row) ?? known) };
    }
  }
}

/** The same from its files, each of which must still be what was written: `blob_corrupt`. */
export async function* recordsInFiles(context: Context, hour: string, deps: ArchiveDeps): AsyncGenerator<FiledRecord> {
  const files = await deps.sql.as(context, (tx) => listFiles(tx, { kind: "inferences", hour }));
  if (files.length === 0) return;
  for (const file of files) {
    const found = await hashFile(join(deps.lakeFolder, file.path)).catch(() => null);
    if (found?.hash !== file.sha256)
      throw new AppError(
        "blob_corrupt",
        `The file ${file.path} of the lake is ${found === null ? "missing" : "not the one that was written"}.`,
        {
          details: { path: file.path },
        },
      );
  }
  const evidence = files.map((file) => join(deps.lakeFolder, file.path));
  for (let after = ""; ;) {
    const page = await deps.lake.query({ sql: hashesAfter, files: { evidence }, params: { after, limit: pageRows } });
    for (const { id, record_hash: hash, body_hash: bodyHash } of page)
      yield { id: String(id), hash: String(hash), bodyHash: bodyHash as string | null };
    if (page.length < pageRows) return;
    after = String(page.at(-1)!["id"]);
  }
}
