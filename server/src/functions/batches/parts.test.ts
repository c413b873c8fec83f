import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { errorTable, type ErrorCode } from "@millrace/contract";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AppError, systemClock } from "../../core/index.ts";
import { batchesConfigSchema } from "./config.ts";
import { createGate } from "./gate.ts";
import { judgeError } from "./judge-error.ts";
import { columnsOf, mapRow } from "./map-row.ts";
import { createRate } from "./rate.ts";
import { readRows } from "./read-rows.ts";
import { takeSome } from "./take-some.ts";
import { lineOfAnswer, lineOfEarlier, lineOfError } from "./write-line.ts";

const hash = "a".repeat(64);
const inferenceId = "0198c5a2-7d1e-7abc-8def-0123456789ab";
const answer = { inferenceId, function: "f", output: { label: "ham" }, variant: "plain", binding: hash, fallback: false, latencyMs: 3 };

describe("a row becomes an input", () => {
  test("with the columns that are named, or those named as the input's fields; a missing one is left out", () => {
    const row = { subject: "hello", body: "words", label: "ham" };
    expect(mapRow(row, { map: null, fields: ["subject", "sender"] })).toEqual({ subject: "hello" });
    expect(mapRow(row, { map: { text: "body", again: "body", none: "absent" }, fields: ["text"] })).toEqual({
      text: "words",
      again: "words",
    });
    expect(columnsOf({ map: { text: "body", again: "body" }, fields: ["text"] })).toEqual(["body"]);
  });

  test("never with a column that nobody named", () => {
    const names = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1 });
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), names, (row, fields) => {
        const mapped = mapRow(row, { map: null, fields });
        expect(Object.keys(mapped).toSorted()).toEqual(fields.filter((field) => Object.hasOwn(row, field)).toSorted());
      }),
    );
  });
});

describe("the rows of a file", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "millrace-rows-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test("have the same number each time, whatever stands between them", async () => {
    const path = join(folder, "rows.jsonl");
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom('{"a":1}', "", "  ", "oops", "[1]", '"text"')), async (lines) => {
        await writeFile(path, lines.join("\n"));
        const rows = [];
        for await (const row of readRows(path)) rows.push(row);
        const content = lines.filter((line) => line.trim() !== "");
        expect(rows.map(({ row }) => row)).toEqual(content.map((_, index) => index + 1));
        expect(rows.map((row) => "values" in row)).toEqual(content.map((line) => line === '{"a":1}'));
      }),
      { numRuns: 30 },
    );
  });
});

describe("an error of a row", () => {
  const judge = (code: ErrorCode, details: Record<string, unknown> = {}) => judgeError(new AppError(code, undefined, { details }));

  test("that passes by itself holds all rows back, as long as it says and a minute at most", () => {
    expect(judge("rate_limited", { retryAfterSeconds: 7 })).toEqual({ kind: "hold", ms: 7_000 });
    expect(judge("overloaded", { retryAfterSeconds: 3_600 })).toEqual({ kind: "hold", ms: 60_000 });
    expect(judge("function_switched_off").kind).toBe("hold");
    expect(judge("state_stale")).toEqual({ kind: "hold", ms: 1_000 });
  });

  test("of a budget that is spent is waited for, unless another failure is the row's own", () => {
    const failures = (...codes: string[]) => ({ failures: codes.map((code) => ({ variant: "v", code, message: "no" })) });
    expect(judge("all_variants_failed", failures("budget_exceeded", "budget_unavailable"))).toEqual({ kind: "hold", ms: 60_000 });
    expect(judge("all_variants_failed", failures("budget_exceeded", "provider_refused")).kind).toBe("row");
    expect(judge("all_variants_failed", failures()).kind).toBe("row");
    // More than the whole budget: no waiting mends that.
    const tooMuch = { failures: [{ variant: "v", code: "budget_exceeded", message: "no", retryable: false }] };
    expect(judge("all_variants_failed", tooMuch).kind).toBe("row");
    expect(judge("invalid_input", failures("budget_exceeded")).kind).toBe("row");
  });

  test("ends the batch where nobody's row could do better, and is the row's own in every other case", () => {
    expect(judge("forbidden")).toEqual({ kind: "end" });
    expect(judge("invalid_input")).toEqual({ kind: "row" });
    const kinds = (Object.keys(errorTable) as ErrorCode[]).map((code) => judge(code).kind);
    expect(kinds.filter((kind) => kind === "end")).toHaveLength(4);
  });
});

describe("the gate", () => {
  test("holds rows until the time is up, opens for all when one gets through, and remembers since when", async () => {
    const gate = createGate(systemClock);
    const { signal } = new AbortController();
    await gate.pass(signal);
    const before = await gate.pass(signal);
    gate.hold(new AppError("rate_limited"), 20);
    const since = gate.waiting!;
    expect(since.code).toBe("rate_limited");
    // It passed before the others were held: that it got through says nothing of them.
    gate.clear(before);
    await gate.pass(signal);
    gate.hold(new AppError("rate_limited"), 20);
    expect(gate.waiting).toBe(since);
    gate.clear(await gate.pass(signal));
    expect(gate.waiting).toBeNull();
    await gate.pass(signal);
  });

  test("lets one row try when the time is up, and the others only once it got through", async () => {
    const gate = createGate(systemClock);
    const { signal } = new AbortController();
    gate.hold(new AppError("overloaded"), 1);
    const passed: number[] = [];
    const rows = [1, 2, 3].map(() => gate.pass(signal).then((ticket) => passed.push(ticket)));
    await Promise.race(rows);
    expect(passed).toHaveLength(1);
    gate.hold(new AppError("overloaded"), 1);
    while (passed.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    gate.clear(passed[0]!);
    expect(gate.waiting).not.toBeNull();
    gate.clear(passed[1]!);
    await Promise.all(rows);
    expect(gate.waiting).toBeNull();
  });

  test("lets go of whoever waits once the batch stops", async () => {
    const gate = createGate(systemClock);
    const stop = new AbortController();
    gate.hold(new AppError("overloaded"), 3_600_000);
    const waiting = gate.pass(stop.signal);
    stop.abort(new AppError("conflict", "stopped"));
    await expect(waiting).rejects.toMatchObject({ code: "conflict" });
  });
});

describe("the rate", () => {
  test("is over the last ten seconds", () => {
    const rate = createRate();
    expect(rate.measure(0, 0)).toBeNull();
    expect(rate.measure(1_000, 5)).toBe(5);
    for (let second = 2; second <= 30; second++) rate.measure(second * 1_000, 5);
    expect(rate.measure(31_000, 25)).toBe(2);
  });

  test("is never negative while rows only grow", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 20_000 }), fc.nat(1_000))), (steps) => {
        const rate = createRate();
        let [at, rows] = [0, 0];
        for (const [ms, more] of steps) expect(rate.measure((at += ms), (rows += more)) ?? 0).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});

describe("what is stored at once", () => {
  test("is bounded in rows and in size, in order, and always something", () => {
    const lines = fc.array(fc.string({ maxLength: 30 }).map((line) => ({ line })));
    const bounds = fc.record({ rows: fc.integer({ min: 1, max: 10 }), characters: fc.nat(60) });
    fc.assert(
      fc.property(lines, bounds, (all, bound) => {
        const list = [...all];
        const taken = [];
        while (list.length > 0) {
          const some = takeSome(list, bound);
          expect(some.length).toBeGreaterThan(0);
          expect(some.length).toBeLessThanOrEqual(bound.rows);
          const size = some.reduce((sum, { line }) => sum + line.length, 0);
          if (some.length > 1) expect(size).toBeLessThanOrEqual(bound.characters);
          taken.push(...some);
        }
        expect(taken).toEqual(all);
      }),
    );
  });
});

describe("a line of the result", () => {
  const costs = { usage: null as never, asks: 1 };
  const spending = (amount: string | null) => ({ ...costs, cost: { amount } as never });
  const given = { body: JSON.stringify(answer), repeated: false, inferenceId };

  test("tells what a row cost: nothing where no model was asked, unknown where its price is", () => {
    expect(lineOfAnswer(1, given).cost).toBeNull();
    expect(lineOfAnswer(1, { ...given, spending: spending("0.25") })).toMatchObject({ row: 1, status: "ok", cost: "0.25" });
    expect(lineOfAnswer(1, { ...given, spending: spending(null) }).cost).toBe("unknown");
  });

  test("is the same from the evidence as from the answer", () => {
    const { function: _, output, ...rest } = answer;
    const earlier = { ...rest, key: "k", output: JSON.stringify(output) };
    for (const amount of ["0.25", null]) {
      const line = lineOfEarlier(7, { ...earlier, produced: JSON.stringify({ cost: { amount } }) });
      expect(line).toEqual(lineOfAnswer(7, { ...given, spending: spending(amount) }));
    }
    expect(lineOfEarlier(7, { ...earlier, produced: "{}" })).toEqual(lineOfAnswer(7, given));
    expect(lineOfEarlier(7, { ...earlier, output: null, produced: null })).toBeNull();
  });

  test("names the inference of a row that failed, and not the insides of a bug", () => {
    const failed = lineOfError(2, new AppError("all_variants_failed", "No.", { details: { inferenceId } }));
    expect(JSON.parse(failed.line)).toMatchObject({ inferenceId, error: { code: "all_variants_failed", message: "No." }, output: null });
    expect(lineOfError(2, new AppError("internal", "secret")).line).not.toContain("secret");
  });
});

test("the configuration bounds itself", () => {
  expect(batchesConfigSchema.parse(undefined)).toEqual({ concurrency: 8, maxConcurrency: 64, atOnce: 4, providerPollMs: 60_000 });
  expect(batchesConfigSchema.safeParse({ concurrency: 65 }).success).toBe(false);
});
