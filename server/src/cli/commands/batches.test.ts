import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Batch } from "@millrace/contract";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { exitCodes } from "../exit-codes.ts";
import { answers } from "../test-answers.ts";
import { batch } from "../test-records.ts";
import { type Answers, Refusal, runCli } from "../test-terminal.ts";
import { sayProgress } from "./batches.ts";

const start = ["functions", "batch", "triage-mail"];
const running = {
  ...batch,
  status: "running",
  endedAt: null,
  result: null,
  rows: { total: 200, done: 47, failed: 3 },
  rate: 12.5,
  secondsLeft: 12,
} as Batch;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-cli-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A batch that runs until the person at the terminal has read how far it is. */
function runningUntilRead(said: RegExp): { answers: Answers; error(text: string): void; read(): string } {
  let read = "";
  return {
    answers: { ...answers, "batches.create": () => running, "batches.get": () => (said.test(read) ? batch : running) },
    error: (text) => {
      read += text;
    },
    read: () => read,
  };
}

describe("functions batch", () => {
  test("sends a file up, and asks about its lines", async () => {
    const file = join(folder, "rows.jsonl");
    writeFileSync(file, '{"subject":"hi"}\n');
    const ran = await runCli(
      [
        ...start,
        "--file",
        file,
        "--map",
        "subject=title",
        "--map",
        "body=text",
        "--concurrency",
        "2",
        "--through",
        "provider",
        "--fallback",
        "ask",
      ],
      answers,
    );
    expect(ran.requests.map(({ operation }) => operation)).toEqual(["data.upload", "batches.create"]);
    expect(ran.requests[1]!.body).toEqual({
      uploadId: batch.id,
      map: { subject: "title", body: "text" },
      concurrency: 2,
      through: "provider",
      fallback: "ask",
    });
    expect(ran.out).toMatch(/rows +200: 197 done, 3 failed/);
  });

  test("wants one source, and columns that look like some, before it asks", async () => {
    for (const args of [[], ["--dataset", "mail@1", "--file", "rows.jsonl"], ["--dataset", "mail@1", "--map", "subject"]]) {
      const ran = await runCli([...start, ...args], answers);
      expect(ran.code, args.join(" ")).toBe(exitCodes.usage);
      expect(ran.requests).toEqual([]);
    }
  });

  test("without --follow says how to look after it", async () => {
    const ran = await runCli([...start, "--dataset", "mail@1"], { ...answers, "batches.create": () => running });
    expect(ran.error).toContain(`millrace functions batches triage-mail ${batch.id} --follow`);
    expect(ran.out).toMatch(/rate +12.5 rows a second/);
  });

  test.each([
    ["a bar on a terminal", true, /█+░+ 25 % {2}50 of 200 {2}3 failed {2}cost 0\.0412 {2}12\.5\/s {2}12\.00 s left/],
    ["the share in a pipe", false, /triage-mail: 25 % \(\d+ s\)\n/],
  ])("with --follow draws %s", async (_what, isErrorTerminal, said) => {
    const server = runningUntilRead(said);
    const ran = await runCli([...start, "--dataset", "mail@1", "--follow"], server.answers, {
      terminal: { isErrorTerminal, error: server.error },
    });
    expect(server.read()).toMatch(said);
    expect(ran.code).toBe(0);
    expect(ran.out).toMatch(/state +succeeded/);
  });

  test("with --out leaves the whole result in that file, and with --json one JSON value", async () => {
    const out = join(folder, "answers.jsonl");
    const ran = await runCli([...start, "--dataset", "mail@1", "--out", out, "--json"], answers);
    expect(readFileSync(out, "utf8")).toBe('{"row":1}\n');
    expect(existsSync(`${out}.part`)).toBe(false);
    expect(JSON.parse(ran.out)).toEqual(batch);
    expect(ran.requests.at(-1)).toMatchObject({ operation: "batches.result", query: { format: "jsonl" } });
  });

  test("leaves no file behind when the result cannot be had", async () => {
    const out = join(folder, "answers.parquet");
    const refused: Answers = {
      ...answers,
      "batches.result": () => {
        throw new Refusal("forbidden", 403);
      },
    };
    const ran = await runCli([...start, "--dataset", "mail@1", "--out", out, "--format", "parquet"], refused);
    expect(ran.code).toBe(exitCodes.notAllowed);
    expect(existsSync(out) || existsSync(`${out}.part`)).toBe(false);
  });

  test("that ended before its last row is no success", async () => {
    const failed = { ...batch, status: "failed", error: { code: "forbidden", message: "The key is not in force any more." } };
    const ran = await runCli([...start, "--dataset", "mail@1", "--follow"], { ...answers, "batches.get": () => failed });
    expect(ran.code).not.toBe(0);
    expect(ran.error).toContain("The key is not in force any more.");
    expect(ran.out).toMatch(/state +failed/);
  });
});

test("a paused batch says why, to a person and to a pipe", () => {
  const waiting = { code: "function_switched_off", message: '"triage-mail" is switched off by ada.', since: batch.createdAt };
  const paused: Batch = { ...running, status: "paused", waiting, rate: null, secondsLeft: null };
  expect(sayProgress(paused, true)).toContain('paused: "triage-mail" is switched off by ada.');
  expect(sayProgress(paused, false)).toBe('25 % paused: "triage-mail" is switched off by ada.');
  expect(sayProgress({ ...running, rows: { total: 0, done: 0, failed: 0 } }, false)).toBe("0 %");
});
