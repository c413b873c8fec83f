import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { type TestArchive, minuteMs, someHour, useArchive } from "../../../test/archive.ts";
import { createId } from "../../core/index.ts";
import { createLakeInTask } from "../../storage/index.ts";
import { getInference } from "../read-inferences.ts";

const archives = useArchive();
const [hourMs, dayMs] = [60 * minuteMs, 24 * 60 * minuteMs];
const secret = "my mother's maiden name";
let open: TestArchive;
let id: string;

beforeEach(async () => {
  open = await archives.open();
  await open.put(3, someHour);
  [id] = (await open.put(1, someHour + minuteMs, { input: { text: secret }, output: { said: secret } })) as [string];
  await open.put(3, someHour + 2 * minuteMs);
});

/** Everything that can be read anywhere, as text. */
async function everything(): Promise<string> {
  const rows = [];
  for (const table of ["functions_inferences", "functions_inference_bodies", "functions_shadows"]) rows.push(...(await open.rows(table)));
  const lake = createLakeInTask({ scratchFolder: open.scratchFolder });
  for (const path of await readdir(open.lakeFolder, { recursive: true }).catch(() => []))
    if (path.endsWith(".parquet")) rows.push(...(await lake.readParquet(join(open.lakeFolder, path))));
  return JSON.stringify(rows);
}

async function verify() {
  await open.governance.auditLog.sequence();
  return open.governance.auditLog.verify(open.context);
}

async function closeAt(time: number): Promise<void> {
  open.clock.set(time);
  await open.archive().closeHours();
  await open.archive().retain();
}

function read(): ReturnType<typeof getInference> {
  return getInference(open.context, id, { sql: open.store.sql, governance: open.governance, archive: open.archive() });
}

describe("an erased body", () => {
  test.each([
    ["is in SQL only", someHour],
    ["is in SQL and in a file", someHour + 2 * hourMs],
    ["is in a file only", someHour + 60 * dayMs],
  ])("that %s is nowhere afterwards; everything else is, and every seal fits", async (_where, time) => {
    await closeAt(time);
    expect(await everything()).toContain(secret);
    expect(await open.archive().erase(open.context, id)).toMatchObject({ id, changed: true });
    expect(await everything()).not.toContain(secret);
    const others = [...(await open.rows("functions_inferences"))].map((row) => row["id"]);
    expect(others).toHaveLength(7);
    expect(await read()).toMatchObject({ id, label: "spam", input: null, output: null, produced: { body: "erased" }, metadata: {} });

    await closeAt(someHour + 61 * dayMs);
    expect(await everything()).not.toContain(secret);
    expect(await verify()).toMatchObject({ verified: true, sealed: { hours: 1, records: 7 } });
    const { items } = await open.governance.auditLog.list(open.context, { limit: 10, action: "functions.erase-body" });
    expect(items).toMatchObject([{ actor: open.context.principalId, object: `inference:${id}` }]);
    expect(await open.archive().erase(open.context, id)).toEqual({ id, changed: false, files: 0 });
  });

  test("takes what its shadows answered with it, in files too", async () => {
    const shadow = createId();
    await open.store.sql.as(open.context, (tx) =>
      tx.client.query(
        `insert into functions_shadows (project_id, id, inference_id, function, variant, binding, output, latency_ms, recorded_at)
        values ($1, $2, $3, 'triage-mail', 'v', 'b', $4, 1, now())`,
        [tx.projectId, id.replace(/.{4}$/, shadow.slice(-4)), id, JSON.stringify(secret)],
      ),
    );
    await closeAt(someHour + 2 * hourMs);
    expect(await open.archive().erase(open.context, id)).toEqual({ id, changed: true, files: 2 });
    expect(await everything()).not.toContain(secret);
  });

  test("can still be told from a body that somebody blanked", async () => {
    await closeAt(someHour + 2 * hourMs);
    await open.archive().erase(open.context, id);
    await open.store.sql.system("maintenance", (tx) =>
      tx.client.query("update functions_inference_bodies set erased_hash = repeat('0', 64) where id = $1", [id]),
    );
    expect((await verify()).problems).toMatchObject([
      { problem: `Inference ${id} was altered after its hour (2025-03-05T10) was sealed.` },
    ]);
  });

  test("does not come back through an export that had read it before", async () => {
    open.clock.set(someHour + 2 * hourMs);
    const lake = createLakeInTask({ scratchFolder: open.scratchFolder });
    const meanwhile: typeof lake = {
      ...lake,
      async writeParquet(input, options) {
        await open.archive().erase(open.context, id);
        return lake.writeParquet(input, options);
      },
    };
    await expect(open.archive({ lake: meanwhile }).closeHours()).rejects.toMatchObject({ code: "conflict" });
    await open.archive().closeHours();
    const files = await open.archive().files(open.context, { kind: "inferences" });
    const rows = await lake.query({ sql: "select * from known", files: { known: files.map((file) => join(open.lakeFolder, file.path)) } });
    expect(rows).toHaveLength(7);
    expect(JSON.stringify(rows)).not.toContain(secret);
    expect(await verify()).toMatchObject({ verified: true });
  });
});

test("a replaced file that a crash left behind is removed by the next run", async () => {
  await closeAt(someHour + 2 * hourMs);
  const [file] = await open.archive().files(open.context, { kind: "inferences" });
  const path = join(open.lakeFolder, file!.path);
  const before = await readFile(path);
  await open.archive().erase(open.context, id);
  await writeFile(path, before);
  await open.store.sql.as(open.context, (tx) =>
    tx.client.query("insert into functions_replaced_files (project_id, path) values ($1, $2)", [tx.projectId, file!.path]),
  );
  expect(await everything()).toContain(secret);
  await open.archive().retain();
  expect(await everything()).not.toContain(secret);
});

test("an unknown inference, or another project's, is refused", async () => {
  await closeAt(someHour + 2 * hourMs);
  await expect(open.archive().erase(open.context, createId())).rejects.toMatchObject({ code: "unknown_inference" });
  const stranger = { ...open.context, projectId: createId() };
  await expect(open.archive().erase(stranger, id)).rejects.toMatchObject({ code: "unknown_inference" });
  expect(await everything()).toContain(secret);
});
