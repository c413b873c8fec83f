import type { Sql, Tx } from "../../storage/index.ts";
import type { ArchiveKind } from "./types.ts";

/** Blanks a body; what its hour's seal covers of it stays. False when there is none, or it is blank already. */
export async function blankBody(tx: Tx, id: string, hash: string): Promise<boolean> {
  const { rows } = await tx.client.query(
    `update functions_inference_bodies set input = 'null', output = 'null', steps = '[]', produced = '{}', metadata = '{}', salt = null, erased_hash = $3
    where project_id = $1 and id = $2 and erased_hash is null returning 1`,
    [tx.projectId, id, hash],
  );
  return rows.length > 0;
}

export async function blankShadows(tx: Tx, inferenceId: string): Promise<number> {
  const { rows } = await tx.client.query(
    "update functions_shadows set output = 'null' where project_id = $1 and inference_id = $2 and output <> 'null' returning 1",
    [tx.projectId, inferenceId],
  );
  return rows.length;
}

const blankRows: Readonly<Record<ArchiveKind, string>> = {
  inferences: "functions_inference_bodies where erased_hash is not null",
  shadows: "functions_shadows where output = 'null'",
};

/** How many rows of a range of ids, both ends included, hold nothing to erase. Each has an index of those alone. */
export async function countBlank(tx: Tx, kind: ArchiveKind, range: { first: string; last: string }): Promise<number> {
  const { rows } = await tx.client.query<{ rows: string }>(
    `select count(*) as rows from ${blankRows[kind]} and project_id = $1 and id >= $2 and id <= $3`,
    [tx.projectId, range.first, range.last],
  );
  return Number(rows[0]!.rows);
}

/** Takes a file out of the list. It waits to be removed from then on. */
export async function replaceFile(tx: Tx, path: string): Promise<void> {
  const values = [tx.projectId, path];
  await tx.client.query("delete from functions_files where project_id = $1 and path = $2", values);
  await tx.client.query("insert into functions_replaced_files (project_id, path) values ($1, $2) on conflict do nothing", values);
}

export interface ReplacedFile {
  readonly projectId: string;
  readonly path: string;
}

export function listReplaced(sql: Sql): Promise<ReplacedFile[]> {
  return sql.system("retention", async (tx) => {
    const { rows } = await tx.client.query<ReplacedFile>(
      'select project_id as "projectId", path from functions_replaced_files order by 1, 2',
    );
    return rows;
  });
}

export async function forgetReplaced(tx: Tx, path: string): Promise<void> {
  await tx.client.query("delete from functions_replaced_files where project_id = $1 and path = $2", [tx.projectId, path]);
}

/** In the lake: whether a file holds something to erase of an inference. */
export const toErase: Readonly<Record<ArchiveKind, string>> = {
  inferences: "select count(*) as rows from known where id = $id and erased_hash is null",
  shadows: "select count(*) as rows from known where inference_id = $id and output <> 'null'",
};

const blanks: Readonly<Record<ArchiveKind, Readonly<Record<string, string>>>> = {
  inferences: {
    input: "'null'",
    output: "'null'",
    steps: "'[]'",
    produced: "'{}'",
    metadata: "'{}'",
    salt: "null",
    erased_hash: "body_hash",
  },
  shadows: { output: "'null'" },
};

/** In the lake: the rows of a file, with the body of one inference blank. */
export function withBlank(kind: ArchiveKind, columns: readonly string[]): string {
  const key = kind === "inferences" ? "id" : "inference_id";
  const fields = columns.map((name) => {
    const blank = blanks[kind][name];
    return blank === undefined ? `"${name}"` : `case when ${key} = $id then ${blank} else "${name}" end as "${name}"`;
  });
  return `select ${fields.join(", ")} from known order by id`;
}
