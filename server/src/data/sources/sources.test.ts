import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SourceRead } from "@millrace/contract";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDataParts, type DataParts } from "../../../test/data.ts";
import { isAppError } from "../../core/index.ts";
import { readLines } from "../parse-rows.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace-sources-"));
const inbox = join(folder, "inbox");
const gate = join(folder, "gate");

let parts: DataParts;
/** Writes the numbers from the cursor on, three a run; waits for a file before the last when it is told one. */
const program = `
  const { existsSync } = require("node:fs");
  const from = JSON.parse(process.env.MILLRACE_CURSOR ?? "0");
  const [gate] = process.argv.slice(1);
  const line = (value) => process.stdout.write(JSON.stringify(value) + "\\n");
  line({ n: from });
  line({ n: from + 1 });
  const wait = () => {
    if (gate && !existsSync(gate)) return setTimeout(wait, 10);
    line({ n: from + 2 });
    line({ $cursor: from + 3 });
  };
  wait();
`;

beforeAll(async () => {
  mkdirSync(inbox);
  const command = { kind: "command" as const, command: process.execPath };
  parts = await createDataParts({
    config: {
      sources: [
        { name: "inbox", kind: "folder", path: inbox },
        { name: "gated", ...command, args: ["-e", program, gate] },
        { name: "events", kind: "push", keyColumn: "id" },
      ],
    },
  });
});
afterAll(async () => {
  await parts.close();
  rmSync(folder, { recursive: true, force: true });
});

async function read(name: string, fromStart = false): Promise<SourceRead> {
  const { workflowId } = await parts.data.sources.read(parts.context, name, { fromStart });
  return parts.jobs.result<SourceRead>(workflowId);
}

async function rowsOf({ uploadId }: SourceRead): Promise<unknown[]> {
  const { hash } = await parts.data.findUpload(parts.context, uploadId!);
  const rows: unknown[] = [];
  for await (const line of readLines(await parts.blobs.path(parts.context, hash))) rows.push(JSON.parse(line!.toString()));
  return rows;
}

async function refusal(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => expect.fail("it was not refused"),
    (error: Error) => error,
  );
}

describe("a folder", () => {
  test("each version of a file is read once; a bad one is set aside with its place, and the rest is an upload", async () => {
    mkdirSync(join(inbox, "2026"));
    const hours = Array.from({ length: 30 }, (_, hour) => new Date(Date.parse("2026-01-01T00:00:00Z") + hour * 3_600_000).toISOString());
    writeFileSync(
      join(inbox, "2026", "a.csv"),
      `at,text,label\n${hours.map((at, index) => `${at},"note ${index * 7919}, ${at}",${index % 2 === 0 ? "x" : "y"}`).join("\n")}\n`,
    );
    writeFileSync(join(inbox, "b.csv"), "at,at\n1,2\n");
    writeFileSync(join(inbox, "c.jsonl"), `{"at":"2026-02-01T00:00:00Z","text":"another one","label":"x"}\n`);
    writeFileSync(join(inbox, "d.doc"), "?");
    writeFileSync(join(inbox, ".hidden.csv"), "a\n1\n");
    const first = await read("inbox");
    expect(first).toMatchObject({ rows: 31, refusedCount: 2, watermark: "4 files", more: false });
    expect(first.refused).toEqual([
      { name: "d.doc", reason: "nothing is known that reads files of this ending; tell the `format` of the source" },
      { name: "b.csv", reason: "columns 1 and 2 have the same name", row: 1, column: "at" },
    ]);
    expect((await parts.data.findUpload(parts.context, first.uploadId!)).rows).toBe(31);

    expect(await read("inbox")).toMatchObject({ uploadId: null, rows: 0, refused: [] });
    const listed = (await parts.data.sources.list(parts.context)).find(({ name }) => name === "inbox");
    expect(listed).toMatchObject({ rows: 31, lastRead: first });
    expect((await parts.audited()).filter((entry) => entry === "data.read-source source:inbox")).toHaveLength(1);
    writeFileSync(join(inbox, "b.csv"), "at,text\n1,2\n");
    utimesSync(join(inbox, "b.csv"), 1, 1);
    const mended = await read("inbox");
    expect(await rowsOf(mended)).toEqual([{ at: "1", text: "2" }]);
    expect(await read("inbox", true)).toMatchObject({ rows: 32, refusedCount: 1 });
  });
});

describe("a command", () => {
  test("a read that is cut short in the middle leaves nothing; resumed, it repeats nothing", async () => {
    const { workflowId } = await parts.data.sources.read(parts.context, "gated", { fromStart: false });
    await expect.poll(async () => (await parts.jobs.get(parts.context, workflowId)).status).toBe("running");
    await parts.jobs.cancel(parts.context, workflowId);
    expect((await parts.data.sources.list(parts.context)).find(({ name }) => name === "gated")).toMatchObject({ rows: 0, lastRead: null });
    writeFileSync(gate, "");
    await parts.jobs.resume(parts.context, workflowId);
    expect(await rowsOf(await parts.jobs.result<SourceRead>(workflowId))).toEqual([{ n: 0 }, { n: 1 }, { n: 2 }]);
    expect(await rowsOf(await read("gated"))).toEqual([{ n: 3 }, { n: 4 }, { n: 5 }]);
    expect((await parts.audited()).filter((entry) => entry === "data.read-source source:gated")).toHaveLength(2);
    const listed = (await parts.data.sources.list(parts.context)).find(({ name }) => name === "gated");
    expect(listed).toMatchObject({ kind: "command", rows: 6, watermark: "6", lastRead: { rows: 3 } });
  });

  test("of two reads at once one is kept", async () => {
    rmSync(gate);
    const start = () => parts.data.sources.read(parts.context, "gated", { fromStart: false });
    const [first, second] = await Promise.all([start(), start()]);
    for (const { workflowId } of [first, second])
      await expect.poll(async () => (await parts.jobs.get(parts.context, workflowId)).status).toBe("running");
    // Who comes later joins a read that goes on.
    expect([first.workflowId, second.workflowId]).toContain((await start()).workflowId);
    writeFileSync(gate, "");
    const ends = await Promise.allSettled([first, second].map(({ workflowId }) => parts.jobs.result<SourceRead>(workflowId)));
    const kept = ends.filter((end) => end.status === "fulfilled");
    const lost = ends.filter((end) => end.status === "rejected");
    // Both may have been in time, one after the other; then the second went on behind the first.
    expect(kept.length + lost.filter(({ reason }) => isAppError(reason, "conflict")).length).toBe(2);
    const reads = first.workflowId === second.workflowId ? 1 : kept.length;
    const from = 6 + 3 * reads;
    expect(await rowsOf(await read("gated"))).toEqual([{ n: from }, { n: from + 1 }, { n: from + 2 }]);
  });
});

describe("pushed rows", () => {
  test("are taken once by batch and by key, and read once", async () => {
    const { sources } = parts.data;
    const batch = {
      batch: "b1",
      rows: [
        { id: 1, v: "a" },
        { id: 2, v: "b" },
        { id: 1, v: "again" },
      ],
    };
    const [first, same] = await Promise.all([sources.push(parts.context, "events", batch), sources.push(parts.context, "events", batch)]);
    expect(first).toEqual({ source: "events", batch: "b1", taken: 2, repeated: 1 });
    expect(same).toEqual(first);
    expect(await sources.push(parts.context, "events", { batch: "b2", rows: [{ id: 2 }, { id: "2" }] })).toMatchObject({
      taken: 1,
      repeated: 1,
    });
    const other = sources.push(parts.context, "events", { batch: "b1", rows: [{ id: 7 }] });
    expect(isAppError(await refusal(other), "idempotency_conflict")).toBe(true);
    expect((await refusal(sources.push(parts.context, "events", { batch: "b3", rows: [{ id: 8 }, { v: 1 }] }))).message).toContain(
      "rows[1].id",
    );
    expect((await sources.list(parts.context)).find(({ name }) => name === "events")).toMatchObject({ waiting: 3 });
    expect(await rowsOf(await read("events"))).toEqual([{ id: 1, v: "a" }, { id: 2, v: "b" }, { id: "2" }]);
    expect(await read("events")).toMatchObject({ uploadId: null, watermark: "row 3" });
    expect(await sources.push(parts.context, "events", { batch: "b4", rows: [{ id: 1 }] })).toMatchObject({ taken: 0, repeated: 1 });
    expect(isAppError(await refusal(sources.push(parts.context, "inbox", batch)), "conflict")).toBe(true);
    expect(isAppError(await refusal(sources.read(parts.context, "events", { fromStart: true })), "conflict")).toBe(true);
    expect(isAppError(await refusal(sources.read(parts.context, "nowhere", { fromStart: false })), "unknown_source")).toBe(true);
    expect(await parts.audited()).toContain("data.push source:events");
  });
});
