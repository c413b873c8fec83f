import { spawnSync } from "node:child_process";
import { mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { memoryStore, openDrain, openJournal } from "../../../test/journal.ts";
import { temporaryFolder } from "../../../test/temporary-folder.ts";
import { segmentPath } from "./segment-files.ts";
import type { Journal } from "./types.ts";

function record(id: string, text = ""): { type: string; id: string; projectId: string; text: string } {
  return { type: "inference", id, projectId: "p", text };
}

async function contents(folder: string, segment = 1): Promise<string> {
  return readFile(segmentPath(join(folder, "node"), segment), "utf8");
}

async function eventually(check: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 400 && !check(); attempt++) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(check()).toBe(true);
}

async function refusalOf(append: Promise<void>): Promise<unknown> {
  return append.then(
    () => "accepted",
    (error: { code: string; details: { reason: string } }) => `${error.code}: ${error.details.reason}`,
  );
}

describe("an append", () => {
  test.each(["always", "batch", "off"] as const)("is in the file when it resolves (sync %s)", async (sync) => {
    const folder = await temporaryFolder();
    const { journal } = await openJournal(folder, { sync });
    await journal.append(record("first", "Grüße, \u0000 \u{1f600} \ud800"));
    expect(await contents(folder)).toContain('{"v":1,"type":"inference","id":"first","projectId":"p","text":"Grüße, \\u0000 😀 \\ud800"}');
    await journal.appendSerialized("inference", "second", '{"projectId":"p","n":1}');
    expect(await contents(folder)).toContain('{"v":1,"type":"inference","id":"second","projectId":"p","n":1}');
    expect(journal.stats()).toMatchObject({ accepted: 2, stored: 0, rejected: 0, backlog: 2, refused: 0 });
    await journal.close();
  });

  test("shares its write with the others of its moment, in order", async () => {
    const folder = await temporaryFolder();
    const { journal } = await openJournal(folder);
    const order: number[] = [];
    await Promise.all(
      Array.from({ length: 1000 }, (_, index) => journal.append(record(`id-${index}`, "y".repeat(1000))).then(() => order.push(index))),
    );
    expect(order).toEqual(Array.from({ length: 1000 }, (_, index) => index));
    expect((await contents(folder)).match(/"id":"id-\d+"/g)).toHaveLength(1000);
    await journal.close();
  });

  test("of 5 MB passes, one that no segment could hold is refused", async () => {
    const folder = await temporaryFolder();
    const { journal } = await openJournal(folder, { segmentBytes: 65_536 });
    await journal.append(record("large", "z".repeat(5_000_000)));
    await journal.append(record("after"));
    expect(await refusalOf(journal.append(record("monstrous", "z".repeat(12_000_000))))).toBe("evidence_unavailable: record_too_large");
    expect((await readdir(join(folder, "node"))).filter((name) => name.endsWith(".log"))).toHaveLength(2);
    await journal.close();
  });

  test("after close is refused", async () => {
    const { journal } = await openJournal(await temporaryFolder());
    await journal.close();
    expect(await refusalOf(journal.append(record("late")))).toBe("evidence_unavailable: closed");
  });

  test("whose id would need escaping is refused as the mistake it is", async () => {
    const { journal } = await openJournal(await temporaryFolder());
    await expect(journal.append(record('a"b'))).rejects.toMatchObject({ code: "internal" });
    await journal.close();
  });
});

test("a rotation ends the segment of everything before it, while records keep coming", async () => {
  const folder = await temporaryFolder();
  const { journal } = await openJournal(folder);
  let stop = false;
  async function keepWriting(name: string): Promise<void> {
    for (let index = 0; !stop; index++) await journal.append(record(`${name}-${index}`));
  }
  const writers = ["a", "b", "c", "d"].map((name) => keepWriting(name));
  const early = journal.append(record("early"));
  await journal.rotate();
  await early;
  const first = await contents(folder);
  expect(first).toContain('"id":"early"');
  await journal.append(record("late"));
  stop = true;
  await Promise.all(writers);
  expect(await contents(folder)).toBe(first);
  expect(await contents(folder, 2)).toContain('"id":"late"');
  await journal.close();
});

describe("the bound", () => {
  async function fill(journal: Journal): Promise<number> {
    for (let count = 0; count < 10_000; count++) {
      if ((await refusalOf(journal.append(record(`id-${count}`, "x".repeat(1000))))) !== "accepted") return count;
    }
    throw new Error("It was never full.");
  }

  test("refuses past it, loses nothing, and takes records again once they are drained", async () => {
    const folder = await temporaryFolder();
    const { journal } = await openJournal(folder, { maxBytes: 100_000 });
    const accepted = await fill(journal);
    expect(accepted).toBeGreaterThan(80);
    expect(journal.unavailable()).toContain("its bound is 100000");
    expect(journal.stats()).toMatchObject({ accepted, refused: 1 });
    const store = memoryStore();
    const drain = openDrain(journal, store);
    await drain.idle();
    expect(store.rows.size).toBe(accepted);
    expect(journal.unavailable()).toBeUndefined();
    await journal.append(record("after"));
    await drain.idle();
    expect(store.rows.has("after")).toBe(true);
    expect(journal.stats()).toMatchObject({ accepted: accepted + 1, stored: accepted + 1, backlog: 0 });
    await drain.close();
    await journal.close();
  });

  test("is a share of the disk space within reach, when that is less", async () => {
    const { journal } = await openJournal(await temporaryFolder(), { maxDiskShare: 0 });
    await refusalOf(journal.append(record("first")));
    expect(await refusalOf(journal.append(record("second")))).toBe("evidence_unavailable: journal_full");
    await journal.close();
  });
});

describe.skipIf(process.platform !== "linux")("a full disk", () => {
  test("refuses every waiting append by name, and recovers when space returns", async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, "node"), { recursive: true });
    const first = segmentPath(join(folder, "node"), 1);
    await symlink("/dev/full", first);
    const { journal, incidents } = await openJournal(folder, { probeMs: 10 });
    const outcomes = await Promise.all(Array.from({ length: 50 }, (_, index) => refusalOf(journal.append(record(`lost-${index}`)))));
    expect(new Set(outcomes)).toEqual(new Set(["evidence_unavailable: disk_full"]));
    expect(journal.stats()).toMatchObject({ accepted: 0, refused: 50 });
    expect(journal.unavailable()).toContain("ENOSPC");
    expect(incidents.map(({ kind }) => kind)).toEqual(["write_failed"]);

    await rm(first);
    await eventually(() => journal.unavailable() === undefined);
    await journal.append(record("kept"));
    await journal.close();
    const text = await contents(folder);
    expect(text).toContain('"id":"kept"');
    expect(text).not.toContain("lost-");
    expect(journal.stats()).toMatchObject({ accepted: 1 });
  });

  test("in the middle of a journal: the next segment cannot be begun, what was accepted before is kept", async () => {
    const folder = await temporaryFolder();
    const { journal } = await openJournal(folder, { probeMs: 10 });
    await journal.append(record("before"));
    await journal.rotate();
    const next = segmentPath(join(folder, "node"), 2);
    await symlink("/dev/full", next);
    expect(await refusalOf(journal.append(record("refused")))).toBe("evidence_unavailable: disk_full");
    const store = memoryStore();
    const drain = openDrain(journal, store);
    await drain.idle();
    expect([...store.rows.keys()]).toEqual(["before"]);
    await rm(next);
    await eventually(() => journal.unavailable() === undefined);
    await journal.append(record("after"));
    await drain.idle();
    expect([...store.rows.keys()]).toEqual(["before", "after"]);
    expect(journal.stats()).toMatchObject({ accepted: 2, stored: 2, refused: 1 });
    await drain.close();
    await journal.close();
  });
});

describe("a node's folder", () => {
  test("belongs to one process at a time", async () => {
    const folder = await temporaryFolder();
    const { journal } = await openJournal(folder);
    await expect(openJournal(folder)).rejects.toMatchObject({
      code: "data_folder_locked",
      message: expect.stringContaining(`pid ${process.pid}`) as string,
    });
    await journal.close();
    const again = await openJournal(folder);
    await again.journal.close();
  });

  test.skipIf(process.platform !== "linux")("left by a process that died is taken over, even where its number lives on", async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, "node"), { recursive: true });
    const dead = spawnSync(process.execPath, ["-e", ""]).pid;
    for (const owner of [
      { pid: dead, host: hostname(), started: "1" },
      { pid: process.ppid, host: hostname(), started: "1" },
      { pid: process.pid, host: hostname(), started: "1" },
    ]) {
      await writeFile(join(folder, "node", "owner.json"), JSON.stringify(owner));
      const { journal } = await openJournal(folder);
      await journal.close();
    }
    await writeFile(join(folder, "node", "owner.json"), "");
    const { journal } = await openJournal(folder);
    await journal.close();
  });

  test("held by another host is respected while its heartbeat is fresh", async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, "node"), { recursive: true });
    await writeFile(join(folder, "node", "owner.json"), JSON.stringify({ pid: 1, host: "elsewhere", started: "1" }));
    await expect(openJournal(folder)).rejects.toMatchObject({ code: "data_folder_locked" });
  });

  test("needs a name that can name a folder", async () => {
    const folder = await temporaryFolder();
    await expect(openJournal(folder, {}, "../outside")).rejects.toMatchObject({ code: "config_invalid" });
  });
});
