import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { type TestArchive, minuteMs, someHour, useArchive } from "../../../test/archive.ts";
import { partitionsAt } from "../partitions.ts";
import { createPartition } from "../repository.ts";
import { idsOf } from "./hours.ts";
import { countRows, listPartitions } from "./retention-repository.ts";

const archives = useArchive();
const [hourMs, dayMs] = [60 * minuteMs, 24 * 60 * minuteMs];
const day = someHour - 10 * hourMs;
let open: TestArchive;
let ids: string[];

/** Partitions of that day and month, rows in them, and in the default one for a day that has none. */
beforeEach(async () => {
  open = await archives.open();
  for (const partition of partitionsAt(day)) await createPartition(open.store.sql.owner, partition);
  ids = [...(await open.put(5, someHour)), ...(await open.put(5, day + dayMs)), ...(await open.put(3, day - 2 * dayMs))];
  await open.putShadows(2, someHour);
});

async function partitionsOf(kind: "bodies" | "inferences" | "shadows"): Promise<string[]> {
  return (await listPartitions(open.store.sql, kind)).map((partition) => partition.name).filter((name) => name.includes("2025"));
}

async function bodies(): Promise<unknown[]> {
  return (await open.rows("functions_inference_bodies")).map((row) => row["id"]);
}

describe("bodies", () => {
  test("leave SQL by the day, once they are in a file and their time is over", async () => {
    open.clock.set(day + 31 * dayMs - 1);
    await open.archive().closeHours();
    expect(await open.archive().retain()).toMatchObject([{ kind: "bodies", name: "2025-03-03", rows: 3, blockedBy: null }]);
    expect(await bodies()).toEqual(ids.slice(0, 10));
    open.clock.advance(1);
    expect(await open.archive().due()).toMatchObject([{ kind: "bodies", name: "2025-03-05", rows: 5, blockedBy: null }]);
    expect(await open.archive().retain()).toMatchObject([{ kind: "bodies", name: "2025-03-05", rows: 5 }]);
    expect(await bodies()).toEqual(ids.slice(5, 10));
    expect(await partitionsOf("bodies")).not.toContain("functions_inference_bodies_20250305");
    expect(await open.rows("functions_inferences")).toHaveLength(13);
    expect(await open.archive().retain()).toEqual([]);
    const { items } = await open.governance.auditLog.list(open.context, { limit: 10, action: "functions.drop-evidence" });
    expect(items.map((entry) => [entry.actor, entry.object, entry.after])).toEqual([
      ["system:functions", "bodies:2025-03-05", { hours: 1, rows: 5 }],
      ["system:functions", "bodies:2025-03-03", { hours: 1, rows: 3 }],
    ]);
  });

  test("are found in their file afterwards, and their seal is checked there", async () => {
    const before = await open.rows("functions_inference_bodies");
    open.clock.set(day + 60 * dayMs);
    await open.archive().closeHours();
    await open.archive().retain();
    expect(await bodies()).toEqual([]);
    const found = await open.archive().find(open.context, ids[1]!);
    expect(found?.path).toMatch(/function=triage-mail\/date=2025-03-05\/hour=10\//);
    expect(found?.row).toMatchObject(before.find((row) => row["id"] === ids[1])!);
    expect(await open.archive().find(open.context, `${ids[1]!.slice(0, -1)}0`)).toBeNull();
    await open.governance.auditLog.sequence();
    expect(await open.governance.auditLog.verify(open.context)).toMatchObject({ verified: true, sealed: { hours: 3, records: 13 } });
    const path = join(open.lakeFolder, found!.path);
    await writeFile(path, (await readFile(path)).subarray(1));
    expect((await open.governance.auditLog.verify(open.context)).problems).toHaveLength(1);
    expect(await open.archive().find(open.context, ids[1]!)).toEqual({ path: found!.path, row: null });
  });
});

test("a replaced file that cannot be removed keeps nothing that is due", async () => {
  open.clock.set(day + 60 * dayMs);
  await open.archive().closeHours();
  await mkdir(join(open.lakeFolder, "stuck"));
  await open.store.sql.as(open.context, (tx) =>
    tx.client.query("insert into functions_replaced_files (project_id, path) values ($1, 'stuck')", [tx.projectId]),
  );
  await open.archive().retain();
  expect(await bodies()).toEqual([]);
});

test("rows are counted whole in slices of 1, 2, 5 and 100", async () => {
  const hour = idsOf(new Date(someHour).toISOString());
  for (const atOnce of [1, 2, 5, 100])
    expect(await countRows(open.store.sql, open.context, { kind: "bodies", ...hour, atOnce }), `slices of ${atOnce}`).toBe(5);
});

describe("lists and shadows", () => {
  test("leave SQL by the month, after their bodies", async () => {
    open.clock.set(Date.UTC(2026, 4, 1));
    await open.archive().closeHours();
    const due = await open.archive().due();
    expect(due.filter((each) => each.kind === "inferences")).toMatchObject([
      { name: "2025-03", blockedBy: "bodies of this month are still in SQL" },
    ]);
    await open.archive().retain();
    await open.archive().retain();
    expect(await open.archive().due()).toEqual([]);
    for (const table of ["functions_inferences", "functions_inference_bodies", "functions_shadows"])
      expect(await open.rows(table)).toEqual([]);
    expect(await partitionsOf("inferences")).not.toContain("functions_inferences_202503");
    expect(await partitionsOf("shadows")).not.toContain("functions_shadows_202503");
    expect((await open.archive().find(open.context, ids[7]!))?.row).toMatchObject({ id: ids[7], label: "spam" });
    await open.governance.auditLog.sequence();
    expect(await open.governance.auditLog.verify(open.context)).toMatchObject({ verified: true, sealed: { hours: 3, records: 13 } });
  });
});

describe("what is not in a file stays", () => {
  test("when its hour was not closed", async () => {
    open.clock.set(day + 60 * dayMs);
    const due = await open.archive().due();
    expect(due.map(({ name, rows, blockedBy }) => [name, rows, blockedBy])).toEqual([
      ["2025-03-05", 5, "2025-03-05T10 is not in a file yet"],
      ["2025-03-06", 5, "2025-03-06T00 is not in a file yet"],
      ["2025-03-07", 0, null],
    ]);
    expect((await open.archive().retain()).map((each) => each.name)).toEqual(["2025-03-07"]);
    expect(await bodies()).toHaveLength(13);
  });

  test("when its file is missing, or not what was written", async () => {
    open.clock.set(day + 60 * dayMs);
    await open.archive().closeHours();
    const [, second, third] = await open.archive().files(open.context, { kind: "inferences" });
    await rm(join(open.lakeFolder, second!.path));
    const path = join(open.lakeFolder, third!.path);
    const bytes = await readFile(path);
    bytes[10]! ^= 1;
    await writeFile(path, bytes);
    expect((await open.archive().retain()).map((each) => each.name)).toEqual(["2025-03-03", "2025-03-07"]);
    expect(await bodies()).toHaveLength(10);
    const due = await open.archive().due();
    expect(due.map((each) => each.blockedBy)).toContain(`the file ${second!.path} of the lake is missing`);
  });

  test("of a project that has nothing else in SQL any more", async () => {
    open.clock.set(Date.UTC(2026, 4, 1));
    await open.archive().closeHours();
    const [file] = await open.archive().files(open.context, { kind: "shadows" });
    await rm(join(open.lakeFolder, file!.path));
    for (let run = 0; run < 3; run++) await open.archive().retain();
    expect(await open.rows("functions_inferences")).toEqual([]);
    expect(await open.rows("functions_shadows")).toHaveLength(2);
    expect(await open.archive().due()).toMatchObject([{ kind: "shadows", blockedBy: `the file ${file!.path} of the lake is missing` }]);
  });

  test("when it came late, until it is in a file; then it goes from where late rows are", async () => {
    open.clock.set(day + 60 * dayMs);
    await open.archive().closeHours();
    const [late] = await open.put(1, someHour + minuteMs);
    await open.archive().retain();
    expect(await bodies()).toEqual([...ids.slice(0, 5), late]);
    await open.archive().closeHours();
    await open.archive().retain();
    expect(await bodies()).toEqual([]);
    const [later] = await open.put(1, someHour + minuteMs);
    expect(await bodies()).toEqual([later]);
    await open.archive().closeHours();
    expect(await bodies()).toEqual([]);
    expect((await open.archive().find(open.context, later!))?.row).toMatchObject({ id: later, output: '{"label":"spam"}' });
    await open.governance.auditLog.sequence();
    expect(await open.governance.auditLog.verify(open.context)).toMatchObject({ verified: true, sealed: { records: 15 } });
  });
});

test("a partition with a name of no period, the default one and other tables cannot be dropped", async () => {
  for (const name of ["functions_inferences_default", "functions_bindings", "nothing"]) {
    const { rows } = await open.store.sql.system("retention", (tx) =>
      tx.client.query<{ dropped: boolean }>("select functions_drop_partition($1) as dropped", [name]),
    );
    expect(rows).toEqual([{ dropped: false }]);
  }
  await expect(
    open.store.sql.as(open.context, (tx) => tx.client.query("select functions_drop_partition('functions_inferences_202503')")),
  ).rejects.toThrow(/permission denied/);
});
