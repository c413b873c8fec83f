import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createLakeInTask } from "./create.ts";
import type { ColumnCheck, Lake, LakeRow } from "./types.ts";

let folder: string;
let lake: Lake;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "millrace-test-"));
  lake = createLakeInTask({ scratchFolder: join(folder, "scratch") });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const columns = [
  { name: "id", type: "integer" },
  { name: "amount", type: "number" },
  { name: "kind", type: "text" },
  { name: "at", type: "timestamp" },
] as const;

async function broken(rows: readonly LakeRow[], checks: readonly ColumnCheck[]): Promise<Record<string, number | null>> {
  const [, profile] = await lake.run([
    { kind: "write", rows, columns, folder },
    { kind: "profile", path: { step: 0 }, checks },
  ]);
  return Object.fromEntries(profile.rules.map((rule) => [`${rule.column} ${rule.rule}`, rule.broken]));
}

const day = (index: number) => `2026-01-${String(index).padStart(2, "0")}T00:00:00.000Z`;
const row = fc.record({
  id: fc.option(fc.integer({ min: 0, max: 30 })),
  amount: fc.option(fc.integer({ min: -20, max: 20 })),
  kind: fc.option(fc.constantFrom("a", "b'", "abc", "ünder")),
  at: fc.option(fc.integer({ min: 1, max: 28 }).map(day)),
});

describe("rules of columns", () => {
  test("count what a loop over the rows counts", async () => {
    const checks: ColumnCheck[] = [
      { name: "id", type: "integer", nullable: false, unique: true },
      { name: "amount", type: "number", minimum: -5, maximum: 5.5, nullShare: 0.2 },
      { name: "kind", type: "text", values: ["a", "b'"], maxLength: 3, pattern: "[a-c']+" },
      { name: "at", type: "timestamp", minimum: day(5), maximum: day(20) },
    ];
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 60 }), async (rows) => {
        const count = (breaks: (each: (typeof rows)[number]) => boolean) => rows.filter(breaks).length;
        const ids = rows.flatMap(({ id }) => id ?? []);
        expect(await broken(rows, checks)).toEqual({
          "id null": count(({ id }) => id === null),
          "id unique": ids.length - new Set(ids).size,
          "amount range": count(({ amount }) => amount !== null && (amount < -5 || amount > 5.5)),
          "amount nullShare": Math.max(0, count(({ amount }) => amount === null) - Math.floor(0.2 * rows.length)),
          "kind values": count(({ kind }) => kind !== null && !["a", "b'"].includes(kind)),
          "kind length": count(({ kind }) => kind !== null && kind.length > 3),
          "kind pattern": count(({ kind }) => kind !== null && !/^[a-c']+$/u.test(kind)),
          "at range": count(({ at }) => at !== null && (at < day(5) || at > day(20))),
        });
      }),
      { numRuns: 10, seed: 3 },
    );
  });

  test("say so of a column that is not there, is of another type, or has a pattern nobody can run", async () => {
    const rows = [{ id: 1, amount: 2, kind: "a", at: day(1) }];
    const checks: ColumnCheck[] = [
      { name: "gone", type: "text", nullable: false },
      { name: "kind", type: "number", minimum: 0 },
      { name: "amount", type: "integer", maximum: 1 },
      { name: "id", type: "number", maximum: 0, values: [] },
    ];
    expect(await broken(rows, checks)).toEqual({ "gone present": 1, "kind type": 1, "amount type": 1, "id range": 1, "id values": 1 });
    expect(await broken(rows, [{ name: "kind", type: "text", pattern: "(?=a).*", maxLength: 0 }])).toEqual({
      "kind length": 1,
      "kind pattern": null,
    });
  });
});
