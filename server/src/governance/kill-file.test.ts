import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { silentLogger } from "../core/index.ts";
import { type KillFile, killFilePath, parseKillFile, setLocalSwitch, watchKillFile } from "./kill-file.ts";

let folder: string;
let path: string;
let open: KillFile | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-kill-"));
  path = killFilePath(folder);
});
afterEach(() => {
  open?.close();
  open = undefined;
  rmSync(folder, { recursive: true, force: true });
});

function targets(file: KillFile): string[] {
  return [...file.current().keys()].toSorted();
}

describe("the kill file", () => {
  test("takes plain names, JSON lines and a star; comments and empty lines say nothing", () => {
    const text = '# switched off by hand\n\ntriage-mail\n{"target":"rank","reason":"wrong order","at":"2026-11-21T10:00:00Z"}\n*\n';
    expect(parseKillFile(text)).toEqual([
      { target: "triage-mail", reason: null, at: null },
      { target: "rank", reason: "wrong order", at: "2026-11-21T10:00:00Z" },
      { target: "*", reason: null, at: null },
    ]);
  });

  test("switches everything off when a line cannot be read", () => {
    for (const line of ["Triage Mail!", '{"target":', '{"off":true}', "Null", '{"target":"UPPER"}']) {
      expect(
        parseKillFile(`rank\n${line}\n`).map((item) => item.target),
        line,
      ).toEqual(["rank", "*"]);
    }
  });

  test("never switches nothing off when the file holds any line that is no comment", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (text) => {
        const meaningful = text.split("\n").some((line) => line.trim() !== "" && !line.trim().startsWith("#"));
        expect(parseKillFile(text).length > 0).toBe(meaningful);
      }),
    );
  });

  test("is in force from the first look, before anything else runs", () => {
    writeFileSync(path, "triage-mail\n");
    open = watchKillFile(path, silentLogger);
    expect(targets(open)).toEqual(["triage-mail"]);
  });

  test("follows the file as it appears, changes and goes", async () => {
    open = watchKillFile(path, silentLogger);
    expect(targets(open)).toEqual([]);
    writeFileSync(path, "triage-mail\n");
    await vi.waitFor(() => expect(targets(open!)).toEqual(["triage-mail"]));
    writeFileSync(path, "*\n");
    await vi.waitFor(() => expect(targets(open!)).toEqual(["*"]));
    rmSync(path);
    await vi.waitFor(() => expect(targets(open!)).toEqual([]));
  });

  test.skipIf(process.getuid?.() === 0)("switches everything off when the file is there and cannot be read", () => {
    writeFileSync(path, "triage-mail\n");
    chmodSync(path, 0);
    open = watchKillFile(path, silentLogger);
    expect(targets(open)).toEqual(["*"]);
  });

  test("switches everything off when a folder stands in the file's place", () => {
    open = watchKillFile(folder, silentLogger);
    expect(targets(open)).toEqual(["*"]);
  });

  test("is written, added to and emptied by the command line", () => {
    const at = "2026-11-21T10:00:00.000Z";
    setLocalSwitch(path, { target: "rank", off: true, reason: null, at });
    expect(setLocalSwitch(path, { target: "*", off: true, reason: "stop", at }).map((item) => item.target)).toEqual(["rank", "*"]);
    expect(parseKillFile(readFileSync(path, "utf8"))).toEqual([
      { target: "rank", reason: null, at },
      { target: "*", reason: "stop", at },
    ]);
    setLocalSwitch(path, { target: "rank", off: false, reason: null, at });
    expect(setLocalSwitch(path, { target: "*", off: false, reason: null, at })).toEqual([]);
    open = watchKillFile(path, silentLogger);
    expect(targets(open)).toEqual([]);
  });
});
