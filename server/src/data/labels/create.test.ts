import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { systemContext } from "../../core/index.ts";
import { createLakeInTask } from "../../storage/index.ts";
import { configSchema } from "../config.ts";
import type { DatasetDetail } from "../types.ts";
import { createLabels, type Labels } from "./create.ts";

const context = systemContext("test");
let folder: string;
let labels: Labels;
let reads: unknown[][];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "millrace-labels-door-"));
  const rows = Array.from({ length: 60 }, (_, row) => ({
    text: row % 2 === 0 ? "win cash" : "team lunch",
    label: (row % 2 === 0) !== (row === 31) ? "spam" : "ham",
  }));
  const file = await createLakeInTask({ scratchFolder: join(folder, "lake") }).writeParquet({
    rows,
    columns: [
      { name: "text", type: "text" },
      { name: "label", type: "text" },
    ],
    folder,
  });
  reads = [];
  labels = createLabels({
    config: configSchema.parse(undefined),
    scratchFolder: join(folder, "scratch"),
    snapshot: (_context, reference, request) => {
      reads.push([reference, request]);
      const dataset = { reference, labelColumn: reference === "mail@1" ? "label" : null, featureColumns: ["text"] } as DatasetDetail;
      return Promise.resolve({ dataset, path: file.path });
    },
  });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function* bytes(...lines: object[]): AsyncGenerator<Uint8Array> {
  for (const line of lines) yield Buffer.from(`${JSON.stringify(line)}\n`);
}

test("a version is judged in a process of its own; the row that was labelled wrongly comes back, and nothing stays behind", async () => {
  const answer = await labels.check(context, "mail@1", { method: "noise-rate", limit: 5 });
  expect(answer).toMatchObject({ reference: "mail@1", rows: 60, judge: "naive-bayes", suspicious: 1 });
  expect(answer.items).toMatchObject([{ row: 31, given: "spam", likely: "ham", values: { text: "team lunch" } }]);
  expect(reads).toEqual([["mail@1", { method: "noise-rate", limit: 5 }]]);
  await expect(labels.check(context, "notes@1", { method: "noise-rate", limit: 5 })).rejects.toThrow(/notes@1 has no label column/);
  expect(await readdir(join(folder, "scratch"))).toEqual([]);
});

test("votes are combined there too; a third at once is asked to wait, and a wrong line is named", async () => {
  const wrong = labels.combine(context, bytes({ item: 1, source: "a", label: "x" }, { item: 1 }), { method: "majority" });
  const good = labels.combine(context, bytes({ item: 1, source: "a", label: "x" }, { item: 2, source: "a", label: "y" }), {
    method: "majority",
  });
  const third = labels.combine(context, bytes(), { method: "majority" });
  await expect(third).rejects.toMatchObject({ code: "overloaded" });
  await expect(wrong).rejects.toMatchObject({ code: "invalid_request", message: expect.stringMatching(/Line 2 of the votes: source/) });
  expect((await good).items.map(({ label }) => label)).toEqual(["x", "y"]);
});
