import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { type TestArchive, minuteMs, someHour, useArchive } from "../../../test/archive.ts";

const archives = useArchive();
const hourMs = 60 * minuteMs;
let open: TestArchive;
let ids: string[];

/** As an attacker with the database would: past every handle that keeps the log. */
function tamper(text: string, values: readonly unknown[]): Promise<unknown> {
  return open.store.sql.system("maintenance", (tx) => tx.client.query(text, values));
}

async function verify() {
  await open.governance.auditLog.sequence();
  return open.governance.auditLog.verify(open.context);
}

beforeEach(async () => {
  open = await archives.open();
  ids = await open.put(60, someHour);
  await open.put(3, someHour + 2 * hourMs);
  open.clock.set(someHour + 4 * hourMs);
  await open.archive().closeHours();
});

describe("audit verify", () => {
  test("compares the inferences of every sealed hour, also of hours that were missed", async () => {
    expect(await verify()).toMatchObject({ verified: true, sealed: { hours: 2, records: 63 }, problems: [] });
    const { items } = await open.governance.auditLog.list(open.context, { limit: 10, action: "governance.seal" });
    expect(items.map((entry) => [entry.object, entry.after])).toMatchObject([
      ["inferences:2025-03-05T12", { records: 3 }],
      ["inferences:2025-03-05T10", { records: 60 }],
    ]);
  });

  test("finds and names every inference by its changed label, time, input, salt, body, and one that is gone", async () => {
    const changes = [
      ["update functions_inferences set label = 'ham' where id = $1", "was altered"],
      ["update functions_inferences set occurred_at = occurred_at - interval '1 day' where id = $1", "was altered"],
      ["update functions_inference_bodies set input = '{}' where id = $1", "was altered"],
      ["update functions_inference_bodies set salt = gen_random_uuid() where id = $1", "was altered"],
      ["delete from functions_inference_bodies where id = $1", "was altered"],
      ["delete from functions_inferences where id = $1", "was removed"],
    ] as const;
    const expected: unknown[] = [];
    for (const [index, [statement, change]] of changes.entries()) {
      const id = ids[52 + index]!;
      await tamper(statement, [id]);
      expected.push({ entryId: null, index: null, problem: `Inference ${id} ${change} after its hour (2025-03-05T10) was sealed.` });
      const report = await verify();
      expect(report.verified).toBe(false);
      expect(report.problems).toEqual(expected);
    }
  });

  test("finds one that was added without the drain; one that came late is sealed with the next closing", async () => {
    const [late] = await open.put(1, someHour + minuteMs);
    expect(await verify()).toMatchObject({ verified: true });
    await tamper("delete from functions_late_hours", []);
    expect((await verify()).problems).toMatchObject([
      { problem: `Inference ${late!} was added after its hour (2025-03-05T10) was sealed.` },
    ]);
    await open.put(1, someHour + minuteMs);
    await open.archive().closeHours();
    expect(await verify()).toMatchObject({ verified: true, sealed: { hours: 2, records: 65 } });
    const { items } = await open.governance.auditLog.list(open.context, {
      limit: 1,
      object: "inferences:2025-03-05T10",
      action: "governance.seal",
    });
    expect(items).toMatchObject([{ before: { records: 60 }, after: { records: 62 } }]);
  });

  test("says that an hour does not fit when its rows and its files were changed alike, and when its files are gone too", async () => {
    await tamper("update functions_inferences set label = 'ham' where id = $1", [ids[0]]);
    const [file] = await open.archive().files(open.context, { kind: "inferences" });
    await writeFile(join(open.lakeFolder, file!.path), "something else");
    expect((await verify()).problems).toMatchObject([{ problem: `The file ${file!.path} of the lake is not the one that was written.` }]);
    await rm(join(open.lakeFolder, file!.path));
    expect((await verify()).problems).toMatchObject([{ problem: `The file ${file!.path} of the lake is missing.` }]);
    await tamper("delete from functions_files", []);
    expect((await verify()).problems).toMatchObject([{ problem: "The inferences of 2025-03-05T10 no longer fit the seal of that hour." }]);
  });
});

test("a list row that was changed when its body had left SQL is found and named", async () => {
  open.clock.set(someHour + 60 * 24 * hourMs);
  await open.archive().retain();
  expect(await open.rows("functions_inference_bodies")).toEqual([]);
  expect(await verify()).toMatchObject({ verified: true, sealed: { hours: 2, records: 63 } });
  await tamper("update functions_inferences set label = 'ham' where id = $1", [ids[3]]);
  await tamper("delete from functions_inferences where id = $1", [ids[5]]);
  expect((await verify()).problems.map(({ problem }) => problem)).toEqual([
    `Inference ${ids[3]!} was altered after its hour (2025-03-05T10) was sealed.`,
    `Inference ${ids[5]!} was removed after its hour (2025-03-05T10) was sealed.`,
  ]);
});

test("hours are sealed even when files cannot be written, and what was changed meanwhile is not sealed over", async () => {
  const [first] = await open.put(4, someHour + 4 * hourMs);
  await open.put(2, someHour + 5 * hourMs);
  open.clock.set(someHour + 7 * hourMs);
  await writeFile(join(open.lakeFolder, "blocked"), "a file where a folder is wanted");
  await expect(open.archive({ lakeFolder: join(open.lakeFolder, "blocked") }).closeHours()).rejects.toThrow();
  expect(await verify()).toMatchObject({ verified: true, sealed: { hours: 4, records: 69 } });
  await tamper("update functions_inferences set label = 'ham' where id = $1", [first]);
  await open.archive().closeHours();
  expect((await verify()).problems).toMatchObject([{ problem: "The inferences of 2025-03-05T14 no longer fit the seal of that hour." }]);
});
