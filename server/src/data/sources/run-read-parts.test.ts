import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { runReadParts } from "./run-read-parts.ts";
import type { Part } from "./types.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace-read-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function lines(name: string, text: string): Part {
  const path = join(folder, name);
  writeFileSync(path, text);
  return { name, path, format: "jsonl" };
}

describe("files in a task process", () => {
  test("one that brings the process down is set aside; another process goes on behind it", async () => {
    const depth = 1_500_000;
    const bomb = lines("bomb.jsonl", `{"a":1}\n{"a":${"[".repeat(depth)}${"]".repeat(depth)}}\n`);
    const parts = [lines("a.jsonl", '{"n":1}\n{"n":2}\n'), bomb, lines("b.jsonl", '{"n":3}\n')];
    const output = join(folder, "rows.jsonl");
    const read = await runReadParts(
      { parts, table: { columns: {}, nulls: [""] }, known: {}, output, maxBytes: 1e9, scratch: folder },
      { memoryMb: 32, signal: new AbortController().signal },
    );
    expect(readFileSync(output, "utf8")).toBe('{"n":1}\n{"n":2}\n{"n":3}\n');
    expect(read.rows).toBe(3);
    expect(read.reports.map(({ name, rows, refused }) => [name, rows, refused?.reason.slice(0, 35)])).toEqual([
      ["a.jsonl", 2, undefined],
      ["bomb.jsonl", 0, "reading it brought its process down"],
      ["b.jsonl", 1, undefined],
    ]);
  });
});
