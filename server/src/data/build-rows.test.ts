import fc from "fast-check";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { AppError } from "../core/index.ts";
import { type BuildOptions, buildRows } from "./build-rows.ts";
import { checkLeakage } from "./check-leakage.ts";
import { checkRow } from "./check-row.ts";
import { compileContract } from "./contract-rules.ts";
import { createRuleCounts } from "./count-rules.ts";
import { inferContract } from "./infer-contract.ts";
import { createLineCounter, parseLine, parseRows, readLines } from "./parse-rows.ts";
import type { ParsedRow, Row } from "./rows.ts";
import { splitByTime } from "./split-rows.ts";

const roles = { timeColumn: "at", labelColumn: "label", featureColumns: ["text"] };
const options: BuildOptions = { ...roles, contract: "infer", holdout: 0.2, nearThreshold: 0.8, now: Date.parse("2027-01-01T00:00:00Z") };

function parsed(raw: Record<string, unknown>[]): ParsedRow[] {
  return raw.map((each, index) => ({ line: index + 1, raw: each }));
}

function hours(count: number): string {
  return new Date(Date.parse("2026-01-01T00:00:00Z") + count * 3_600_000).toISOString();
}

const text = (index: number) => Array.from({ length: 12 }, (_, place) => `w${(index * 131 + place * 977) % 7919}`).join(" ");

describe("building", () => {
  test("rows = kept + duplicates + quarantined, and the sides never meet, whatever comes in", () => {
    const anyRow = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          at: fc.integer({ min: 0, max: 60 }).map(hours),
          text: fc.integer({ min: 0, max: 400 }).map(text),
          label: fc.constantFrom("a", "b"),
        }),
      },
      { weight: 1, arbitrary: fc.dictionary(fc.constantFrom("at", "text", "label", "other"), fc.jsonValue()) },
    );
    fc.assert(
      fc.property(fc.array(anyRow, { minLength: 1, maxLength: 120 }), (raw) => {
        let built;
        try {
          built = buildRows(parsed(raw), [{ line: 999, group: "not JSON", reason: "not JSON", row: "{" }], options);
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
          expect((error as AppError).code).toBe("contract_violated");
          return;
        }
        const { report, train, holdout, rejections } = built;
        expect(report.rows).toBe(raw.length + 1);
        expect(report.kept + report.exactDuplicates + report.nearDuplicates + report.quarantined).toBe(report.rows);
        expect(train.length + holdout.length).toBe(report.kept);
        expect(rejections.every(({ reason }) => reason.length > 0)).toBe(true);
        expect(report.quarantine.reduce((sum, each) => sum + each.rows, 0)).toBe(report.quarantined);
        const latest = train
          .map((row) => String(row.values["at"]))
          .sort()
          .at(-1)!;
        expect(holdout.every((row) => String(row.values["at"]) > latest)).toBe(true);
        const seen = new Set(train.map((row) => row.values["text"]));
        expect(holdout.some((row) => seen.has(row.values["text"]))).toBe(false);
      }),
      { numRuns: 150 },
    );
  });

  test("counts duplicates whose label differs", () => {
    const raw = Array.from({ length: 20 }, (_, index) => ({ at: hours(index), text: text(index), label: index % 2 === 0 ? "a" : "b" }));
    const { report } = buildRows(parsed([...raw, { at: hours(30), text: text(0), label: "b" }]), [], options);
    expect(report).toMatchObject({ exactDuplicates: 1, conflictingLabels: 1 });
  });

  test("says what is wrong when nothing can be built", () => {
    const few = Array.from({ length: 5 }, (_, index) => ({ key: `k${index}`, at: hours(index), text: text(index), label: "a" }));
    const refusal = (raw: Record<string, unknown>[], more: Partial<BuildOptions> = {}) => {
      try {
        return String(buildRows(parsed(raw), [], { ...options, keyColumn: "key", ...more }).report);
      } catch (error) {
        expect((error as AppError).code).toBe("contract_violated");
        return String(error);
      }
    };
    expect(refusal(few, { featureColumns: ["body"] })).toContain(
      'None of the 5 rows has the column "body"; they have: key, at, text, label.',
    );
    expect(refusal(few.map((row) => ({ ...row, at: "2026-01-01T00:00:00Z" })))).toContain("cannot be split by time");
    expect(refusal(few.map((row) => ({ ...row, Text: "b" })))).toContain('"text" and "Text" differ only in case');
  });
});

describe("reading lines", () => {
  test("tells what is wrong with a line", () => {
    const reasonOf = (bytes: Buffer | null) => (parseLine(bytes, 7) as { reason: string }).reason;
    expect(reasonOf(Buffer.from('{"a":'))).toMatch(/^not JSON: /);
    expect(reasonOf(Buffer.from([0x7b, 0xff, 0x7d]))).toBe("not UTF-8");
    expect(reasonOf(Buffer.from("null"))).toBe("not an object: null");
    expect(reasonOf(null)).toMatch(/^line too long/);
    expect(parseLine(Buffer.from("  \r"), 1)).toBeNull();
    expect(parseLine(Buffer.from('\ufeff{"a":1}\r'), 1)).toEqual({ line: 1, raw: { a: 1 } });
  });

  test("reads a file line by line, an oversized line as one fault, and counts as the upload did", async () => {
    const folder = await mkdtemp(join(tmpdir(), "millrace-lines-"));
    try {
      const content = '{"a":1}\n\n{"a":2}\n\t \nnot json\n{"a":3}';
      await writeFile(join(folder, "rows"), content);
      const { rows, rejections } = await parseRows(join(folder, "rows"));
      expect(rows.map(({ line }) => line)).toEqual([1, 3, 6]);
      expect(rejections.map(({ line }) => line)).toEqual([5]);
      const counter = createLineCounter();
      for (let start = 0; start < content.length; start += 3) counter.add(Buffer.from(content.slice(start, start + 3)));
      expect(counter.count()).toBe(rows.length + rejections.length);
      const lines: (number | null)[] = [];
      for await (const line of readLines(join(folder, "rows"), 7)) lines.push(line?.length ?? null);
      expect(lines).toEqual([7, 0, 7, 2, null, 7]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe("an inferred contract", () => {
  const rows = Array.from({ length: 200 }, (_, index) => ({
    at: hours(index),
    text: text(index),
    label: index % 2 === 0 ? "a" : "b",
    amount: index / 2,
    count: index,
    flag: index % 2 === 0,
    colour: ["red", "blue"][index % 2],
    id: `id-${index}`,
  }));
  const wide = { ...roles, featureColumns: ["text", "amount", "count", "flag", "colour"] };
  const column = (name: string, contract = inferContract(parsed(rows), wide)) => contract.columns.find((each) => each.name === name)!;

  function conform(only: ReturnType<typeof column>, value: unknown) {
    const rules = compileContract({ columns: [only] });
    return checkRow(
      { line: 1, raw: value === undefined ? {} : { [only.name]: value } },
      { rules, counts: createRuleCounts(rules, 1), now: 0 },
    );
  }

  test("finds types, ranges, closed lists and identifiers", () => {
    expect(column("at")).toMatchObject({ type: "instant", nullable: false, minimum: null, maximum: null });
    expect(column("amount")).toMatchObject({ type: "number", minimum: 0, maximum: 199 });
    expect(column("count")).toMatchObject({ type: "integer", minimum: 0, maximum: 398 });
    expect(column("flag")).toMatchObject({ type: "boolean", values: null });
    expect(column("colour")).toMatchObject({ type: "text", values: ["blue", "red"], nullable: false });
    expect(column("label").values).toEqual(["a", "b"]);
    expect(column("id")).toMatchObject({ type: "text", unique: true, nullable: true });
    expect(column("text")).toMatchObject({ unique: false, values: null, maxLength: 1024 });
  });

  test("takes a few odd values for faults, many for text", () => {
    const few = inferContract(parsed(rows.map((row, index) => ({ ...row, count: index === 5 ? "five" : row.count }))), wide);
    expect(column("count", few).type).toBe("integer");
    const many = inferContract(parsed(rows.map((row, index) => ({ ...row, count: index % 3 === 0 ? "n/a" : row.count }))), wide);
    expect(column("count", many).type).toBe("text");
    expect(conform(column("count", many), 12)).toMatchObject({ values: { count: "12" } });
  });

  test("refuses nested features and leaves other nested columns out", () => {
    const nested = rows.map((row) => ({ ...row, tags: ["x"] }));
    expect(inferContract(parsed(nested), wide).columns.map(({ name }) => name)).not.toContain("tags");
    expect(() => inferContract(parsed(nested), { ...wide, featureColumns: ["tags"] })).toThrow(/objects or lists in 200 rows/);
  });

  test("does not treat a key named like a built-in as one", () => {
    const odd = parsed(
      rows.map((row) => JSON.parse(`{"constructor":1,"__proto__x":2,${JSON.stringify(row).slice(1)}`) as Record<string, unknown>),
    );
    expect(() => inferContract(odd, wide)).toThrow(/__proto__x/);
    expect(conform({ ...column("count"), name: "toString" }, undefined)).toMatchObject({ group: "toString: must not be null" });
  });
});

describe("splitting by time", () => {
  const row = (index: number, at: string): Row => ({ line: index, values: { at } });

  test("keeps rows of one instant together", () => {
    const rows = [0, 1, 2, 3, 4, 5, 6, 7, 7, 7].map((hour, index) => row(index, hours(hour)));
    expect(splitByTime(rows, "at", 0.2).holdout).toHaveLength(3);
    const tied = [0, 1, 1, 1, 1, 1, 1, 1, 1, 2].map((hour, index) => row(index, hours(hour)));
    expect(splitByTime(tied, "at", 0.5).holdout).toHaveLength(1);
  });
});

describe("the leakage check", () => {
  const contract = inferContract(
    parsed(Array.from({ length: 100 }, (_, index) => ({ at: hours(index), text: text(index), label: index % 2 === 0 ? "a" : "b" }))),
    roles,
  );
  const rule = { contract, featureColumns: ["text"], nearThreshold: 0.8 };
  const rows = Array.from({ length: 100 }, (_, index): Row => ({
    line: index,
    values: { at: hours(index), text: text(index), label: index % 2 === 0 ? "a" : "b" },
  }));

  test("finds the same row on both sides, and an overlap in time", () => {
    const split = {
      train: rows.slice(0, 80),
      holdout: [
        ...rows.slice(80),
        { line: 200, values: { ...rows[3]!.values, at: hours(200) } },
        { line: 201, values: { ...rows[99]!.values, text: "late", at: hours(2) } },
      ],
    };
    expect(checkLeakage({ split, splitRule: { kind: "time" }, rule, timeColumn: "at", labelColumn: "label" }).structural).toEqual([
      `1 held-back rows are not later than the last training row (${hours(79)})`,
      "1 held-back rows are also training rows (first: line 200)",
    ]);
  });

  test("finds a feature, or a word in it, that gives the label away", () => {
    const told = rows.map((each, index): Row => ({
      ...each,
      values: {
        ...each.values,
        folder: index % 2 === 0 ? "inbox" : "junk",
        text: `${text(index)} ${index % 2 === 0 ? "x-flag-no" : "x-flag-yes"}`,
      },
    }));
    const split = { train: told.slice(0, 80), holdout: told.slice(80) };
    const { structural, suspicions } = checkLeakage({
      split,
      splitRule: { kind: "time" },
      rule: { ...rule, featureColumns: ["folder", "text"] },
      timeColumn: "at",
      labelColumn: "label",
    });
    expect(structural).toEqual([]);
    expect(suspicions).toHaveLength(2);
    expect(suspicions[0]).toContain('"folder" alone');
    expect(suspicions[1]).toMatch(/the word "x-flag-(no|yes)" in "text" alone/);
    expect(
      checkLeakage({
        split: { train: rows.slice(0, 80), holdout: rows.slice(80) },
        splitRule: { kind: "time" },
        rule,
        timeColumn: "at",
        labelColumn: "label",
      }),
    ).toMatchObject({ structural: [], suspicions: [] });
  });
});
