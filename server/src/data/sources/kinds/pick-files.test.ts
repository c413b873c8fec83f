import { expect, test } from "vitest";
import { sourcesSchema } from "../config.ts";
import type { Cursor, PartReport } from "../types.ts";
import { pickFiles } from "./pick-files.ts";

function pick(versions: Record<string, string>, options: { cursor?: Cursor; settings?: object; maxBytes?: number } = {}) {
  const [source] = sourcesSchema.parse([{ name: "in", kind: "folder", path: "/in", ...options.settings }]);
  const found = Object.entries(versions).map(([name, version]) => ({ name, version, bytes: 10 }));
  const picked = pickFiles(found, { source: source as never, cursor: options.cursor ?? null, maxBytes: options.maxBytes ?? 100 });
  return { ...picked, names: picked.picked.map(({ name }) => name) };
}

function reports(...names: string[]): PartReport[] {
  return names.map((name) => ({ name, rows: 1, notes: [] }));
}

test("a file is picked once for each version; one that is gone is forgotten", () => {
  const first = pick({ "a.csv": "1", "b.csv": "1" });
  expect(first.names).toEqual(["a.csv", "b.csv"]);
  const cursor = first.next(reports("a.csv", "b.csv"));
  expect(pick({ "a.csv": "1", "b.csv": "1" }, { cursor }).names).toEqual([]);
  expect(pick({ "a.csv": "1", "b.csv": "2" }, { cursor }).names).toEqual(["b.csv"]);
  const without = pick({ "a.csv": "1" }, { cursor }).next([]);
  expect(pick({ "a.csv": "1", "b.csv": "1" }, { cursor: without }).names).toEqual(["b.csv"]);
});

test("what was refused is picked again when it or the settings change; what had no turn, or may pass, at the next read", () => {
  const refused = { name: "a.csv", reason: "no header" };
  const cursor = pick({ "a.csv": "1", "b.csv": "1", "c.csv": "1" }).next([
    { name: "a.csv", rows: 0, notes: [], refused },
    { name: "b.csv", rows: 0, notes: [], refused, again: true },
  ]);
  const now = { "a.csv": "1", "b.csv": "1", "c.csv": "1" };
  expect(pick(now, { cursor }).names).toEqual(["b.csv", "c.csv"]);
  expect(pick(now, { cursor, settings: { minutes: 5, every: "1h" } }).names).toEqual(["b.csv", "c.csv"]);
  expect(pick(now, { cursor, settings: { delimiter: ";" } }).names).toEqual(["a.csv", "b.csv", "c.csv"]);
});

test("a read brings at least one file, and no more once it is full; a file of no known format is named once", () => {
  const now = { "a.doc": "1", "b.csv": "1", "c.csv": "1", "d.csv": "1" };
  const first = pick(now, { maxBytes: 15 });
  expect(first).toMatchObject({ names: ["b.csv", "c.csv"], more: true, refused: [{ name: "a.doc" }] });
  const second = pick(now, { maxBytes: 1, cursor: first.next(reports("b.csv", "c.csv")) });
  expect(second).toMatchObject({ names: ["d.csv"], more: false, refused: [] });
});
