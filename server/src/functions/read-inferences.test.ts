import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type TestArchive, minuteMs, someHour, useArchive } from "../../test/archive.ts";
import { createId } from "../core/index.ts";
import { getInference } from "./read-inferences.ts";

const archives = useArchive();
const dayMs = 24 * 60 * minuteMs;

/** An archive whose evidence of that hour was closed and has left SQL by then. */
async function openAt(time: number): Promise<{ open: TestArchive; id: string; read(id: string): ReturnType<typeof getInference> }> {
  const open = await archives.open();
  const [id] = await open.put(1, someHour);
  open.clock.set(time);
  await open.archive().closeHours();
  await open.archive().retain();
  await open.archive().retain();
  const deps = { sql: open.store.sql, governance: open.governance, archive: open.archive() };
  return { open, id: id!, read: (wanted) => getInference(open.context, wanted, deps) };
}

test.each([
  ["whose body", someHour + 60 * dayMs],
  ["which as a whole", someHour + 500 * dayMs],
])("an inference %s has left SQL is read from its file, says so, and the reading is audited", async (_what, time) => {
  const { open, id, read } = await openAt(time);
  const [file] = await open.archive().files(open.context, { kind: "inferences" });
  const detail = await read(id);
  expect(detail).toMatchObject({
    id,
    archived: file!.path,
    label: "spam",
    occurredAt: "2025-03-05T09:59:59.999Z",
    recordedAt: "2025-03-05T10:00:00.000Z",
    input: { none: "\0" },
    output: { label: "spam" },
    steps: [{ name: "run", ms: 0.5 }],
    produced: { node: "n1" },
    metadata: { reader: "bob" },
  });
  const { items } = await open.governance.auditLog.list(open.context, { limit: 10, action: "functions.read-inference" });
  expect(items.map((entry) => entry.object)).toEqual([`inference:${id}`]);
});

test("a file that this node cannot read is named", async () => {
  const { open, id, read } = await openAt(someHour + 60 * dayMs);
  const [file] = await open.archive().files(open.context, { kind: "inferences" });
  await rm(join(open.lakeFolder, file!.path));
  expect(await read(id)).toMatchObject({
    archived: file!.path,
    input: null,
    produced: { body: "in a file that cannot be read on this node" },
  });
});

test("what is nowhere is unknown, and so is another project's", async () => {
  const { open, id, read } = await openAt(someHour + 500 * dayMs);
  await expect(read(createId())).rejects.toMatchObject({ code: "unknown_inference" });
  const deps = { sql: open.store.sql, governance: open.governance, archive: open.archive() };
  const stranger = { ...open.context, projectId: createId() };
  await expect(getInference(stranger, id, deps)).rejects.toMatchObject({ code: "unknown_inference" });
});
