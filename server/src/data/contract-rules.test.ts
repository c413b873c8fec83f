import type { ColumnContract, DataContract } from "@millrace/contract";
import fc from "fast-check";
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { AppError } from "../core/index.ts";
import { type BuildOptions, buildRows } from "./build-rows.ts";
import { compareContracts, nextContract } from "./compare/compare-contracts.ts";
import { checkContract } from "./contract-rules.ts";
import { inferContract } from "./infer-contract.ts";
import type { ReferenceValues } from "./contract-rules.ts";
import { inferSemantic, isSemantic } from "./semantic-types.ts";

function column(name: string, more: Partial<ColumnContract> = {}): ColumnContract {
  return { name, type: "text", nullable: true, unique: false, minimum: null, maximum: null, maxLength: null, values: null, ...more };
}

const base: DataContract = {
  columns: [column("at", { type: "instant", nullable: false }), column("text", { nullable: false }), column("amount", { type: "number" })],
};
const options: BuildOptions = {
  timeColumn: "at",
  featureColumns: ["text", "amount"],
  contract: base,
  holdout: 0.2,
  nearThreshold: 1,
  now: Date.parse("2026-01-02T00:00:00Z"),
};
const rows = Array.from({ length: 10 }, (_, index) => ({
  at: new Date(Date.UTC(2026, 0, 1, index)).toISOString(),
  text: `row ${index}`,
  amount: index,
}));

function build(contract: DataContract, raw: readonly Record<string, unknown>[] = rows, references: ReferenceValues = {}) {
  return buildRows(
    raw.map((each, index) => ({ line: index + 1, raw: each })),
    [],
    { ...options, contract, references },
  );
}
/** The base contract with another column in place of one of its name. */
function changed(name: string, more: Partial<ColumnContract>): DataContract {
  return { columns: base.columns.map((each) => (each.name === name ? { ...each, ...more } : each)) };
}
function refusal(run: () => unknown): AppError {
  try {
    run();
  } catch (error) {
    return error as AppError;
  }
  throw new Error("nothing was refused");
}

describe("a rule of a column", () => {
  test("sets rows aside, lets them through with a count, or stops the build: as its policy says", () => {
    const at = (policy: "fail" | "quarantine" | "warn") => changed("amount", { maximum: 6, policies: { range: policy } });
    const set = build(at("quarantine")).report;
    expect(set.rules[0]).toEqual({
      rule: "amount: must be at most 6",
      policy: "quarantine",
      checked: 10,
      broken: 3,
      verdict: "quarantined",
      firstLine: 8,
    });
    expect(set).toMatchObject({ kept: 7, quarantine: [{ reason: "amount: must be at most 6", rows: 3 }] });
    const warned = build(at("warn")).report;
    expect(warned).toMatchObject({ kept: 10, quarantined: 0 });
    expect(warned.rules[0]).toMatchObject({ verdict: "warned", broken: 3 });
    const failed = refusal(() => build(at("fail")));
    expect(failed.code).toBe("contract_failed");
    expect(failed.message).toContain('"amount: must be at most 6" (3 of 10 rows, first line 8)');
    expect(
      build(changed("amount", { maximum: 9, policies: { range: "fail" } })).report.rules.every(({ verdict }) => verdict === "kept"),
    ).toBe(true);
  });

  test("counts every rule that a row breaks, and names the first that sets it aside", () => {
    const contract = changed("text", { pattern: "row \\d", maxLength: 6, policies: { length: "warn" } });
    const { report, rejections } = build(contract, [...rows, { at: rows[9]!.at, text: "rows and rows", amount: 1 }]);
    expect(report.rules.slice(0, 2)).toMatchObject([
      { rule: "text: must match row \\d", broken: 1, verdict: "quarantined", firstLine: 11 },
      { rule: "text: must have at most 6 characters", broken: 1, verdict: "warned" },
    ]);
    expect(rejections.map(({ reason }) => reason)).toEqual(['text: must match row \\d; line 11 has "rows and rows"']);
  });

  test("knows the values of another dataset, repeats that only warn, and how many nulls are too many", () => {
    const contract = changed("text", { reference: { dataset: "customers@1", column: "id" }, unique: true, policies: { unique: "warn" } });
    const known = new Set(rows.slice(0, 9).map(({ text }) => text));
    const { report } = build(contract, [...rows, { ...rows[0]!, amount: 77 }], { text: known });
    expect(report.rules.slice(0, 2)).toMatchObject([
      { rule: 'text: must be a "id" of customers@1', broken: 1, firstLine: 10, verdict: "quarantined" },
      { rule: "text: must be unique", broken: 1, verdict: "warned" },
    ]);
    const some = rows.map((row, index) => ({ ...row, amount: index < 3 ? null : row.amount }));
    expect(refusal(() => build(changed("amount", { nullShare: 0.2 }), some)).message).toContain("amount: at most 20% may be null");
    expect(build(changed("amount", { nullShare: 0.3 }), some).report.kept).toBe(10);
  });

  test("is what decides, never the order of rows; kept and set aside make up all rows", () => {
    const anyPolicy = fc.constantFrom("quarantine" as const, "warn" as const);
    fc.assert(
      fc.property(anyPolicy, anyPolicy, fc.integer({ min: 0, max: 9 }), (range, pattern, maximum) => {
        const contract: DataContract = {
          columns: changed("amount", { maximum, policies: { range } }).columns.map((each) =>
            each.name === "text" ? { ...each, pattern: "row [0-5]", policies: { pattern } } : each,
          ),
          volume: { minimum: 100, policy: "warn" },
        };
        const attempt = (raw: typeof rows) => {
          try {
            return build(contract, raw).report;
          } catch (error) {
            return (error as AppError).code;
          }
        };
        const report = attempt(rows);
        if (typeof report === "string") {
          expect(report).toBe("contract_violated");
          return;
        }
        expect(report.kept + report.quarantined).toBe(10);
        const counts = (of: typeof report) => of.rules.map(({ rule, broken, verdict }) => [rule, broken, verdict]).sort();
        expect(counts(attempt(rows.toReversed()) as typeof report)).toEqual(counts(report));
      }),
      { numRuns: 40 },
    );
  });
});

describe("rules about a row and about all rows", () => {
  test("compare columns, and say nothing of a row in which one is null", () => {
    const contract: DataContract = {
      ...base,
      rowRules: [{ name: "small-early", holds: "amount < 8 or text == 'row 9'", policy: "quarantine" }],
    };
    const { report, rejections } = build(contract, [...rows, { at: rows[0]!.at, text: "no amount", amount: null }]);
    expect(report.rules[0]).toMatchObject({ checked: 10, broken: 1, firstLine: 9, verdict: "quarantined" });
    expect(rejections[0]!.reason).toMatch(/^small-early: .*; line 9 has \{"amount":8,"text":"row 8"\}$/);
  });

  test("look at the age of the newest row and at how many came", () => {
    expect(
      build({ ...base, freshness: { maxAgeHours: 15, policy: "fail" }, volume: { minimum: 10, maximum: 10, policy: "fail" } }).report.kept,
    ).toBe(10);
    const stale = refusal(() => build({ ...base, freshness: { maxAgeHours: 14, policy: "fail" } }));
    expect(stale.message).toContain("freshness: the newest row must be at most 14 hours old");
    expect(refusal(() => build({ ...base, volume: { minimum: 11, policy: "fail" } })).message).toContain(
      '"volume: at least 11 rows" (10 rows)',
    );
    expect(build({ ...base, volume: { maximum: 9, policy: "warn" } }).report.rules[0]).toMatchObject({ verdict: "warned" });
  });

  test("are refused when they cannot be read or do not fit their column", () => {
    const refused = (contract: DataContract, roles = options) => refusal(() => checkContract(contract, roles)).message;
    expect(refused(changed("text", { pattern: "(" }))).toContain('The pattern of the column "text" is no regular expression');
    expect(refused(changed("amount", { pattern: "x" }))).toContain("a pattern and a semantic type are for text");
    expect(refused({ ...base, rowRules: [{ name: "odd", holds: "size > 3", policy: "warn" }] })).toContain(
      'The row rule "odd" cannot be read',
    );
    expect(refused(changed("at", { policies: { null: "warn" } }))).toContain("cannot be missing");
    expect(refused({ ...base, freshness: { maxAgeHours: 1, policy: "fail" } }, { ...options, timeColumn: undefined })).toContain(
      "no `timeColumn`",
    );
  });
});

const beers = new URL("../../../../shared/data/dirty_beers/", import.meta.url);

function readBeers(file: string): Record<string, string>[] {
  const [head, ...lines] = readFileSync(new URL(file, beers), "utf8").trim().split(/\r?\n/);
  const names = head!.split(",");
  return lines.map((line) => {
    const cells = line.split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/);
    return Object.fromEntries(names.map((name, index) => [name, cells[index]!]));
  });
}

describe("a contract for the dirty beers", () => {
  test("sets aside exactly the rows whose strength or state is not that of the clean file", (context) => {
    if (!existsSync(beers)) return context.skip("the folder of shared data is not there");
    const [dirty, clean] = [readBeers("dirty.csv"), readBeers("clean.csv")];
    const owned: DataContract = {
      columns: [
        column("id", { nullable: false, unique: true }),
        column("beer_name"),
        column("abv", { pattern: "|0\\.\\d+" }),
        column("state", { pattern: "[A-Z]{2}" }),
      ],
    };
    const { report, rejections } = buildRows(
      dirty.map((raw, index) => ({ line: index + 1, raw })),
      [],
      { featureColumns: ["beer_name"], keyColumn: "id", contract: owned, holdout: 0.2, nearThreshold: 1, now: 0 },
    );
    const wrong = dirty.flatMap((row, index) => (["abv", "state"].some((name) => row[name] !== clean[index]![name]) ? [index + 1] : []));
    expect(rejections.map(({ line }) => line)).toEqual(wrong);
    expect(report.rules.slice(0, 2).map(({ rule, broken }) => [rule, broken])).toEqual([
      ["abv: must match |0\\.\\d+", 693],
      ["state: must match [A-Z]{2}", 127],
    ]);
    expect(report.kept + report.exactDuplicates + report.quarantined).toBe(2410);
  });
});

describe("semantic types", () => {
  test("are told by their form", () => {
    const yes = {
      email: ["a.b+c@mail.example.org"],
      url: ["https://example.org/a?b=1"],
      phone: ["+49 30 1234567", "(030) 1234-567"],
      uuid: ["01900000-0000-7000-8000-000000000000"],
      ip: ["10.0.0.255", "2001:db8::1"],
      country: ["DE"],
      currency: ["EUR"],
      iban: ["DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432"],
    } as const;
    const no = {
      email: "a@b",
      url: "ftp://x",
      phone: "12345.678",
      uuid: "0190",
      ip: "10.0.0.256",
      country: "XX",
      currency: "euro",
      iban: "DE88370400440532013000",
    };
    for (const [type, texts] of Object.entries(yes) as [keyof typeof yes, readonly string[]][]) {
      expect(texts.every((text) => isSemantic(type, text))).toBe(true);
      expect(isSemantic(type, no[type])).toBe(false);
    }
  });

  test("are inferred from nearly all values, and then only warn", () => {
    const emails = Array.from({ length: 40 }, (_, index) => (index === 7 ? "nobody" : `user${index}@example.org`));
    expect(inferSemantic(emails)).toBe("email");
    expect(inferSemantic(emails.slice(0, 10))).toBeUndefined();
    expect(inferSemantic(Array.from({ length: 40 }, (_, index) => `word ${index}`))).toBeUndefined();
    const raw = emails.map((from, index) => ({ ...rows[index % 10]!, text: `text ${index}`, from }));
    const contract = inferContract(
      raw.map((each, index) => ({ line: index + 1, raw: each })),
      options,
    );
    const report = build(contract, raw).report;
    expect(report.kept).toBe(40);
    expect(report.rules[0]).toMatchObject({ rule: "from: must look like an e-mail address", broken: 1, verdict: "warned", firstLine: 8 });
  });
});

describe("contracts that follow each other", () => {
  const previous = { contract: base, contractVersion: "2.3", reference: "notes@4" };
  const owned = { isInferred: false, allowBreaking: false };

  test("say what changed, breaking changes first", () => {
    const after: DataContract = {
      columns: [
        column("at", { type: "instant", nullable: false }),
        column("amount", { type: "integer", maximum: 9 }),
        column("extra"),
        column("asked", { nullable: false }),
      ],
      rowRules: [{ name: "sane", holds: "amount > 0", policy: "warn" }],
    };
    expect(compareContracts(base, after)).toEqual([
      { column: "text", change: "the column is gone (it was text)", breaking: true },
      { column: "amount", change: "the type was number and is integer", breaking: true },
      { column: "asked", change: "the column is new (text, never null)", breaking: true },
      { column: "amount", change: "the greatest value was open and is 9", breaking: false },
      { column: "extra", change: "the column is new (text)", breaking: false },
      { column: null, change: 'the row rule sane is new: "amount > 0" (warn)', breaking: false },
    ]);
    expect(compareContracts(after, after)).toEqual([]);
    const lists = compareContracts(changed("text", { values: ["a", "b"] }), changed("text", { values: ["b", "c"] }));
    expect(lists.map(({ change, breaking }) => [change, breaking])).toEqual([
      ["values added: c", true],
      ["values removed: a", false],
    ]);
  });

  test("are numbered; a break is refused unless it is meant", () => {
    expect(nextContract(null, base, owned)).toEqual({ contractVersion: "1.0", contractChanges: [] });
    expect(nextContract(previous, base, owned).contractVersion).toBe("2.3");
    expect(nextContract(previous, changed("amount", { maximum: 9 }), owned).contractVersion).toBe("2.4");
    const nullable = changed("text", { nullable: true });
    const error = refusal(() => nextContract(previous, nullable, owned));
    expect(error.code).toBe("contract_breaking");
    expect(error.message).toContain("with that of notes@4: text: null is allowed");
    expect(nextContract(previous, nullable, { ...owned, allowBreaking: true }).contractVersion).toBe("3.0");
  });

  test("that are inferred break only by a column that is gone or of another type", () => {
    const inferred = { isInferred: true, allowBreaking: false };
    expect(nextContract(previous, changed("text", { nullable: true }), inferred)).toMatchObject({
      contractVersion: "2.4",
      contractChanges: [{ breaking: false }],
    });
    expect(refusal(() => nextContract(previous, { columns: base.columns.slice(0, 2) }, inferred)).code).toBe("contract_breaking");
    expect(refusal(() => nextContract(previous, changed("amount", { type: "text" }), inferred)).code).toBe("contract_breaking");
  });
});
