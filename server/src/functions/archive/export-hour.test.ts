import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type TestArchive, minuteMs, someHour, useArchive } from "../../../test/archive.ts";
import { createId } from "../../core/index.ts";
import { createLakeInTask } from "../../storage/index.ts";
import { hashRecord } from "./hash-record.ts";
import type { ArchiveFile } from "./types.ts";

const archives = useArchive();
const hourMs = 60 * minuteMs;

/** Every row of these files, in the order of ids. */
async function readBack(open: TestArchive, files: readonly ArchiveFile[]): Promise<Record<string, unknown>[]> {
  const lake = createLakeInTask({ scratchFolder: open.scratchFolder });
  return lake.query({
    sql: "select * from evidence order by id",
    files: { evidence: files.map((file) => join(open.lakeFolder, file.path)) },
  });
}

async function inferencesInSql(open: TestArchive): Promise<Record<string, unknown>[]> {
  const [lists, bodies] = [await open.rows("functions_inferences"), await open.rows("functions_inference_bodies")];
  return lists.map((row, index) => {
    const whole = { ...row, ...bodies[index] };
    return { ...whole, record_hash: hashRecord(whole as never) };
  });
}

describe("an hour that is over", () => {
  test("is in Parquet, a file a function, with the rows that SQL holds", async () => {
    const open = await archives.open();
    const archive = open.archive();
    await open.put(120, someHour);
    await open.put(3, someHour + hourMs - 3, {
      function: "route-mail",
      label: null,
      confidence: null,
      status: "failed",
      error: "internal",
    });
    await open.put(1, someHour + hourMs);
    await open.putShadows(4, someHour + minuteMs);
    open.clock.set(someHour + hourMs + 20 * minuteMs);
    expect(await archive.closeHours()).toEqual({ hours: 2, files: 3, rows: 127 });

    const files = await archive.files(open.context, { kind: "inferences" });
    expect(files.map(({ function: name, hour, rows }) => [name, hour, rows])).toEqual([
      ["triage-mail", "2025-03-05T10:00:00.000Z", 120],
      ["route-mail", "2025-03-05T10:00:00.000Z", 3],
    ]);
    expect(files[0]!.path).toBe(
      `project=${open.context.projectId}/inferences/function=triage-mail/date=2025-03-05/hour=10/${files[0]!.sha256}.parquet`,
    );
    const found = await readBack(open, files);
    const stored = (await inferencesInSql(open)).slice(0, 123);
    expect(found).toHaveLength(123);
    expect(found.map((row) => Object.fromEntries(Object.keys(stored[0]!).map((name) => [name, row[name]])))).toEqual(stored);

    const shadows = await readBack(open, await archive.files(open.context, { kind: "shadows" }));
    expect(shadows).toMatchObject((await open.rows("functions_shadows")).map(({ id, output, agrees }) => ({ id, output, agrees })));
    expect(await readdir(open.scratchFolder)).toEqual([]);
  });

  test("waits until a quarter of an hour after its end, and is written once", async () => {
    const open = await archives.open();
    const archive = open.archive();
    await open.put(5, someHour);
    open.clock.set(someHour + hourMs + 15 * minuteMs - 1);
    expect(await archive.closeHours()).toEqual({ hours: 0, files: 0, rows: 0 });
    open.clock.advance(1);
    expect(await archive.closeHours()).toEqual({ hours: 1, files: 1, rows: 5 });
    expect(await archive.closeHours()).toEqual({ hours: 0, files: 0, rows: 0 });
    const { items } = await open.governance.auditLog.list(open.context, { limit: 10, action: "functions.export-evidence" });
    expect(items).toMatchObject([{ object: "inferences:2025-03-05T10", after: { files: [{ rows: 5 }] } }]);
  });

  test("hours missed during a pause are caught up, empty ones passed over", async () => {
    const open = await archives.open();
    const archive = open.archive();
    for (const hours of [0, 1, 30]) await open.put(2, someHour + hours * hourMs);
    open.clock.set(someHour + 48 * hourMs);
    expect(await archive.closeHours()).toEqual({ hours: 3, files: 3, rows: 6 });
  });

  test("a large one is several files that hold every row once", async () => {
    const open = await archives.open();
    const archive = open.archive({ partRows: 250 });
    const ids = [...(await open.put(300, someHour)), ...(await open.put(300, someHour + minuteMs))];
    open.clock.set(someHour + 2 * hourMs);
    expect(await archive.closeHours()).toMatchObject({ rows: 600 });
    const files = await archive.files(open.context, { kind: "inferences" });
    expect(files).toHaveLength(3);
    expect((await readBack(open, files)).map((row) => row["id"])).toEqual(ids);
  });
});

describe("records that came late", () => {
  test("make another file of their hour; the first stays as it was", async () => {
    const open = await archives.open();
    const archive = open.archive();
    const early = await open.put(3, someHour);
    open.clock.set(someHour + 2 * hourMs);
    await archive.closeHours();
    const [first] = await archive.files(open.context, { kind: "inferences" });
    const late = await open.put(2, someHour + minuteMs);
    expect(await archive.closeHours()).toEqual({ hours: 1, files: 1, rows: 2 });
    const files = await archive.files(open.context, { kind: "inferences" });
    expect(files).toHaveLength(2);
    expect(files).toContainEqual(first);
    expect(files.map(({ firstId, lastId }) => [firstId, lastId])).toEqual([
      [early[0], early[2]],
      [late[0], late[1]],
    ]);
    expect((await readBack(open, files)).map((row) => row["id"])).toEqual([...early, ...late]);
    expect(await archive.closeHours()).toEqual({ hours: 0, files: 0, rows: 0 });
  });

  test("of an hour that had none before are found too", async () => {
    const open = await archives.open();
    const archive = open.archive();
    await open.put(1, someHour + 3 * hourMs);
    open.clock.set(someHour + 5 * hourMs);
    await archive.closeHours();
    await open.put(2, someHour);
    expect(await archive.closeHours()).toEqual({ hours: 1, files: 1, rows: 2 });
  });

  test("a batch the drain brings twice makes no file", async () => {
    const open = await archives.open();
    const archive = open.archive();
    await open.put(2, someHour);
    open.clock.set(someHour + 2 * hourMs);
    await archive.closeHours();
    await open.store.sql.system("drain", (tx) =>
      tx.client.query("insert into functions_late_hours (project_id, kind, hour) values ($1, 'inferences', $2)", [
        open.context.projectId,
        new Date(someHour).toISOString(),
      ]),
    );
    expect(await archive.closeHours()).toEqual({ hours: 1, files: 0, rows: 0 });
    expect(await archive.files(open.context, { kind: "inferences" })).toHaveLength(1);
    expect(await archive.closeHours()).toEqual({ hours: 0, files: 0, rows: 0 });
  });
});

describe("a run that is cut off", () => {
  test("between a part's files and its row goes on without a row lost or doubled", async () => {
    const open = await archives.open();
    const ids = await open.put(120, someHour);
    open.clock.set(someHour + 2 * hourMs);
    const lake = createLakeInTask({ scratchFolder: open.scratchFolder });
    let parts = 0;
    const dying: typeof lake = {
      ...lake,
      async writeParquet(input, options) {
        const written = await lake.writeParquet(input, options);
        parts += 1;
        if (parts === 2) throw new Error("killed");
        return written;
      },
    };
    await expect(open.archive({ partRows: 50, lake: dying }).closeHours()).rejects.toThrow("killed");
    expect(await open.archive().files(open.context, { kind: "inferences" })).toHaveLength(1);
    await open.archive({ partRows: 50 }).closeHours();
    const files = await open.archive().files(open.context, { kind: "inferences" });
    expect((await readBack(open, files)).map((row) => row["id"])).toEqual(ids);
    const folder = join(open.lakeFolder, files[0]!.path, "..");
    expect((await readdir(folder)).toSorted()).toEqual(files.map((file) => `${file.sha256}.parquet`).toSorted());
  });

  test("by its node's death is not doubled by that node when it was alive after all", async () => {
    const open = await archives.open();
    await open.put(10, someHour);
    open.clock.set(someHour + 2 * hourMs);
    const lake = createLakeInTask({ scratchFolder: open.scratchFolder });
    const overtaken: typeof lake = {
      ...lake,
      async writeParquet(input, options) {
        const written = await lake.writeParquet(input, options);
        await open.archive({ partRows: 1000 }).closeHours();
        return written;
      },
    };
    await expect(open.archive({ lake: overtaken }).closeHours()).rejects.toMatchObject({ code: "conflict" });
    const files = await open.archive().files(open.context, { kind: "inferences" });
    expect(files.reduce((sum, file) => sum + file.rows, 0)).toBe(10);
  });

  test("stops between slices when its process closes", async () => {
    const open = await archives.open();
    await open.put(10, someHour);
    open.clock.set(someHour + 2 * hourMs);
    await expect(open.archive().closeHours({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "overloaded" });
    expect(await open.archive().files(open.context, { kind: "inferences" })).toEqual([]);
    expect(await readdir(open.scratchFolder)).toEqual([]);
  });
});

test("an hour is closed also when a clock that ran ahead for a while had closed a later one", async () => {
  const open = await archives.open();
  const ahead = someHour + 3000 * hourMs;
  open.clock.set(ahead);
  await open.put(1, ahead);
  open.clock.set(ahead + 2 * hourMs);
  expect(await open.archive().closeHours()).toMatchObject({ hours: 1 });
  open.clock.set(someHour);
  await open.put(3, someHour);
  open.clock.set(someHour + 2 * hourMs);
  expect(await open.archive().closeHours()).toEqual({ hours: 1, files: 1, rows: 3 });
  open.clock.set(ahead + 2 * hourMs);
  expect(await open.archive().closeHours()).toEqual({ hours: 0, files: 0, rows: 0 });
});

test("an hour that cannot be written keeps no other project's open", async () => {
  const open = await archives.open();
  const other = { ...open.context, projectId: createId() };
  await open.put(2, someHour);
  await open.put(2, someHour, { projectId: other.projectId });
  open.clock.set(someHour + 2 * hourMs);
  const lake = createLakeInTask({ scratchFolder: open.scratchFolder });
  const broken: typeof lake = {
    ...lake,
    async writeParquet(input, options) {
      if (input.folder.includes(open.context.projectId)) throw new Error("no space left");
      return lake.writeParquet(input, options);
    },
  };
  await expect(open.archive({ lake: broken }).closeHours()).rejects.toThrow("no space left");
  expect(await open.archive().files(other, { kind: "inferences" })).toMatchObject([{ rows: 2 }]);
});

test("a run that is cut off between a late file and its audit entry is made up for by the next", async () => {
  const open = await archives.open();
  await open.put(3, someHour);
  open.clock.set(someHour + 2 * hourMs);
  await open.archive().closeHours();
  await open.put(2, someHour + minuteMs);
  const cut = { ...open.governance, audit: () => Promise.reject(new Error("killed")) };
  await expect(open.archive({ governance: cut }).closeHours()).rejects.toThrow("killed");
  expect(await open.archive().files(open.context, { kind: "inferences" })).toHaveLength(2);
  await open.archive().closeHours();
  const { items } = await open.governance.auditLog.list(open.context, { limit: 10, action: "functions.export-evidence" });
  const audited = items.map((entry) => (entry.after as { files: { rows: number }[] }).files.map((file) => file.rows).toSorted());
  expect(audited).toEqual([[2, 3], [3]]);
});
