import { spawn } from "node:child_process";
import { cp, readdir, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { memoryStore, openDrain, openJournal } from "../../../test/journal.ts";
import { temporaryFolder } from "../../../test/temporary-folder.ts";
import { createRandom } from "../../core/index.ts";
import { encodeFrame, encodeHeader } from "./frame.ts";
import { createRecordCounter } from "./count-records.ts";
import { scanSegment } from "./scan-segment.ts";
import { listSegments, segmentPath } from "./segment-files.ts";

const writer = fileURLToPath(new URL("../../../test/fixtures/journal-writer.ts", import.meta.url));

async function drained(folder: string) {
  const { journal, incidents } = await openJournal(folder);
  const store = memoryStore();
  const drain = openDrain(journal, store);
  await drain.idle();
  const stats = journal.stats();
  await drain.close();
  await journal.close();
  return { ids: [...store.rows.keys()], rows: store.rows, stats, incidents };
}

async function filled(folder: string, count: number, config = {}): Promise<void> {
  const { journal } = await openJournal(folder, config);
  for (let index = 0; index < count; index++)
    await journal.append({ type: "inference", id: `id-${index}`, projectId: "p", text: "x".repeat(100) });
  await journal.close();
}

async function segmentBytes(folder: string, segment = 1): Promise<Buffer> {
  return readFile(segmentPath(join(folder, "node"), segment));
}

/** Where record `index` stands in a segment. */
function offsetOf(bytes: Buffer, id: string): number {
  return bytes.indexOf(`"id":"${id}"`);
}

describe("a torn tail", () => {
  const payloads = fc.array(fc.record({ id: fc.uuid(), text: fc.string({ unit: "binary", maxLength: 40 }) }), {
    minLength: 1,
    maxLength: 5,
  });

  test("cut at any byte leaves a prefix of the records", () => {
    fc.assert(
      fc.property(payloads, (records) => {
        const header = encodeHeader({ node: "n", segment: 1, at: 0, accepted: 0 });
        const frames = records.map((record) => encodeFrame(JSON.stringify({ v: 1, type: "inference", projectId: "p", ...record })));
        const whole = Buffer.concat([header, ...frames]);
        for (let cut = 0; cut <= whole.length; cut++) {
          const scan = scanSegment(whole.subarray(0, cut), 0, createRecordCounter());
          let complete = 0;
          let end = header.length;
          while (complete < frames.length && end + frames[complete]!.length <= cut) end += frames[complete++]!.length;
          expect(scan.gaps).toEqual([]);
          expect(scan.records).toBe(complete);
          expect(scan.end).toBe(cut < header.length ? 0 : end);
        }
      }),
      { numRuns: 40 },
    );
  });

  test("is cut from the file at the start, and the records before it are stored", async () => {
    const folder = await temporaryFolder();
    await filled(folder, 3);
    const bytes = await segmentBytes(folder);
    await truncate(segmentPath(join(folder, "node"), 1), bytes.length - 5);
    const { ids, stats, incidents } = await drained(folder);
    expect(ids).toEqual(["id-0", "id-1"]);
    expect(stats).toMatchObject({ accepted: 2, stored: 2, rejected: 0, backlog: 0 });
    expect(incidents).toEqual([]);
  });

  test("of zeros, as a power cut leaves it, is cut too", async () => {
    const folder = await temporaryFolder();
    await filled(folder, 2);
    await writeFile(segmentPath(join(folder, "node"), 1), Buffer.concat([await segmentBytes(folder), Buffer.alloc(5000)]));
    const { ids, incidents } = await drained(folder);
    expect(ids).toEqual(["id-0", "id-1"]);
    expect(incidents).toEqual([]);
  });
});

describe("a damaged segment", () => {
  test("loses the flipped record only, is set aside, and is reported", async () => {
    const folder = await temporaryFolder();
    await filled(folder, 5);
    const bytes = await segmentBytes(folder);
    bytes[offsetOf(bytes, "id-2") + 40]! ^= 1;
    await writeFile(segmentPath(join(folder, "node"), 1), bytes);
    const { ids, stats, incidents } = await drained(folder);
    expect(ids).toEqual(["id-0", "id-1", "id-3", "id-4"]);
    expect(stats).toMatchObject({ accepted: 5, stored: 4, rejected: 1, backlog: 0 });
    expect(incidents.map(({ kind }) => kind)).toEqual(["segment_damaged"]);
    const names = await readdir(join(folder, "node"));
    expect(names.filter((name) => name.endsWith(".damaged"))).toEqual(["000000000001.damaged"]);
    expect(await readFile(join(folder, "node", "000000000001.damaged"))).toEqual(bytes);
  });

  test("with a destroyed length still gives the records behind it", async () => {
    const folder = await temporaryFolder();
    await filled(folder, 5);
    const bytes = await segmentBytes(folder);
    const payload = bytes.lastIndexOf('{"v":1', offsetOf(bytes, "id-1"));
    bytes.writeUInt32LE(0xffffffff, payload - 8);
    await writeFile(segmentPath(join(folder, "node"), 1), bytes);
    const { ids, stats } = await drained(folder);
    expect(ids).toEqual(["id-0", "id-2", "id-3", "id-4"]);
    expect(stats).toMatchObject({ accepted: 5, stored: 4, rejected: 1 });
  });

  test("whose tail is gone counts what the next segment's header says is missing", async () => {
    const folder = await temporaryFolder();
    await filled(folder, 60, { segmentBytes: 4096 });
    const segments = await listSegments(join(folder, "node"));
    expect(segments.length).toBeGreaterThan(2);
    await truncate(segmentPath(join(folder, "node"), 1), 700);
    const { ids, stats, incidents } = await drained(folder);
    expect(stats.accepted).toBe(60);
    expect(stats.stored).toBe(ids.length);
    expect(stats.stored + stats.rejected).toBe(60);
    expect(stats.rejected).toBeGreaterThan(0);
    expect(incidents).not.toEqual([]);
  });

  test("under a running drain is repaired as well", async () => {
    const folder = await temporaryFolder();
    const { journal, incidents } = await openJournal(folder);
    for (let index = 0; index < 5; index++)
      await journal.append({ type: "inference", id: `id-${index}`, projectId: "p", text: "x".repeat(100) });
    const bytes = await segmentBytes(folder);
    bytes[offsetOf(bytes, "id-3") + 40]! ^= 1;
    await writeFile(segmentPath(join(folder, "node"), 1), bytes);
    const store = memoryStore();
    const drain = openDrain(journal, store);
    await drain.idle();
    await journal.append({ type: "inference", id: "after", projectId: "p" });
    await drain.idle();
    expect([...store.rows.keys()]).toEqual(["id-0", "id-1", "id-2", "id-4", "after"]);
    expect(journal.stats()).toMatchObject({ accepted: 6, stored: 5, rejected: 1, backlog: 0 });
    expect(incidents.map(({ kind }) => kind)).toContain("segment_damaged");
    await drain.close();
    await journal.close();
  });

  test("flipped anywhere keeps accepted = stored + rejected, and never invents a record", async () => {
    const origin = await temporaryFolder();
    await filled(origin, 12, { segmentBytes: 4096 });
    const random = createRandom(7);
    for (let round = 0; round < 25; round++) {
      const folder = await temporaryFolder();
      await cp(origin, folder, { recursive: true });
      const bytes = await segmentBytes(folder);
      bytes[random.integer(bytes.length)]! ^= 1 << random.integer(8);
      await writeFile(segmentPath(join(folder, "node"), 1), bytes);
      const { ids, stats } = await drained(folder);
      expect(stats.accepted).toBe(stats.stored + stats.rejected);
      expect(stats.stored).toBe(ids.length);
      expect(ids.length).toBeGreaterThanOrEqual(11);
      expect(ids.every((id) => /^id-\d+$/.test(id))).toBe(true);
    }
  });

  test("checkpoint leads to draining again, not to loss", async () => {
    const folder = await temporaryFolder();
    await filled(folder, 5);
    await drained(folder);
    await filled(folder, 5);
    await writeFile(join(folder, "node", "checkpoint.json"), "{");
    const { ids, stats } = await drained(folder);
    expect(ids).toEqual(["id-0", "id-1", "id-2", "id-3", "id-4"]);
    expect(stats).toMatchObject({ accepted: 10, stored: 10, rejected: 0 });
  });
});

/** Runs the writer until it is killed after `lifeMs`; resolves with the ids whose append had resolved. */
function runWriter(
  folder: string,
  options: { seed: number; lifeMs: number; mode?: string; limitBlocks?: number },
): Promise<{ acknowledged: string[]; failed: number }> {
  return new Promise((resolve) => {
    const command = [process.execPath, "--conditions=source", writer, folder, String(options.seed), options.mode ?? "drain"];
    const child =
      options.limitBlocks === undefined
        ? spawn(command[0]!, command.slice(1), { stdio: ["ignore", "pipe", "inherit"] })
        : spawn("sh", ["-c", `ulimit -f ${options.limitBlocks}; exec "$@"`, "sh", ...command], { stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    let timer: NodeJS.Timeout | undefined;
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      // Its life counts from the first answer: starting Node takes longer than most lives here.
      timer ??= setTimeout(() => child.kill("SIGKILL"), options.lifeMs);
      output += chunk;
    });
    child.on("close", () => {
      clearTimeout(timer);
      const lines = output.split("\n").slice(0, -1);
      resolve({ acknowledged: lines.filter((line) => line !== "failed"), failed: lines.filter((line) => line === "failed").length });
    });
  });
}

async function lines(path: string): Promise<string[]> {
  const text = await readFile(path, "utf8").catch(() => "");
  return text.split("\n").filter((line) => line !== "");
}

describe("killed at random times under 16 writers", () => {
  const kills = Number(process.env["MILLRACE_TEST_KILLS"] ?? 6);
  test(
    `every acknowledged record is stored or rejected, and the counts agree, after ${kills} kills`,
    { timeout: kills * 5000 + 60_000 },
    async () => {
      const folder = await temporaryFolder();
      const random = createRandom(11);
      const acknowledged = new Set<string>();
      for (let round = 0; round < kills; round++) {
        const run = await runWriter(folder, { seed: round + 1, lifeMs: random.integer(120) });
        for (const id of run.acknowledged) acknowledged.add(id);
        expect(run.failed).toBe(0);
      }
      const { journal, incidents } = await openJournal(join(folder, "journal"));
      const store = memoryStore();
      const drain = openDrain(journal, store, { poison: (id) => id.endsWith("7") });
      await drain.idle();
      const stats = journal.stats();
      await drain.close();
      await journal.close();

      const stored = new Set([...(await lines(join(folder, "stored.txt"))).filter((id) => id.length === 36), ...store.rows.keys()]);
      const rejectedLines = await lines(join(folder, "journal", "node", "rejected.log"));
      const rejected = new Set(rejectedLines.map((line) => (JSON.parse(line) as { record: { id: string } }).record.id));
      const missing = [...acknowledged].filter((id) => !stored.has(id) && !rejected.has(id));
      expect(acknowledged.size).toBeGreaterThan(100);
      expect(missing).toEqual([]);
      expect(rejected.size).toBeGreaterThan(0);
      expect(stats.stored).toBe(stored.size);
      expect(stats.rejected).toBe(rejected.size);
      expect(stats.accepted).toBe(stats.stored + stats.rejected);
      expect(stats.backlog).toBe(0);
      expect(incidents.filter(({ kind }) => kind === "segment_damaged")).toEqual([]);
    },
  );
});

describe("a disk that takes only part of a write", () => {
  test("leaves no half frame: every acknowledged record is there and nothing is damaged", async () => {
    const folder = await temporaryFolder();
    // Files may not grow past 16 KiB: a write across that border is cut short, the next one fails.
    const { acknowledged, failed } = await runWriter(folder, { seed: 3, lifeMs: 20_000, mode: "append", limitBlocks: 32 });
    expect(failed).toBe(16);
    const { ids, incidents } = await drained(join(folder, "journal"));
    const recovered = new Set(ids);
    expect(acknowledged.filter((id) => !recovered.has(id))).toEqual([]);
    expect(acknowledged.length).toBeGreaterThan(0);
    expect(incidents).toEqual([]);
  });
});
