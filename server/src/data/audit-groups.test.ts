import type { ColumnContract, DataContract, DatasheetStatements } from "@millrace/contract";
import fc from "fast-check";
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { auditGroups } from "./audit-groups.ts";
import { buildRows } from "./build-rows.ts";
import type { ParsedRow, Row } from "./rows.ts";
import { writeDatasheet } from "./write-datasheet.ts";

const credit = new URL("../../../../shared/data/german_credit/data.csv", import.meta.url);

function column(name: string, more: Partial<ColumnContract> = {}): ColumnContract {
  return { name, type: "text", nullable: true, unique: false, minimum: null, maximum: null, maxLength: null, values: null, ...more };
}
const contract: DataContract = {
  columns: [
    column("who", { sensitive: true }),
    column("age", { type: "integer", sensitive: true }),
    column("label", { values: ["no", "yes"], nullable: false }),
  ],
};

describe("groups of a sensitive column", () => {
  test("have every row once, and rates that are the counts by hand", () => {
    const anyRow = fc.record({
      who: fc.constantFrom("ann", "bob", null),
      age: fc.option(fc.integer({ min: 0, max: 90 })),
      label: fc.constantFrom("no", "yes"),
    });
    fc.assert(
      fc.property(fc.array(anyRow, { minLength: 1, maxLength: 120 }), (values) => {
        const rows = values.map((each, index): Row => ({ line: index + 1, values: each }));
        const [who, age] = auditGroups({ rows, contract, labelColumn: "label" });
        for (const audit of [who!, age!]) {
          expect(audit.groups.reduce((sum, { share }) => sum + share.value * rows.length, 0)).toBeCloseTo(rows.length, 6);
          for (const { labels } of audit.groups) expect(labels.reduce((sum, { rate }) => sum + rate.value, 0)).toBeCloseTo(1, 9);
        }
        for (const { group, labels } of who!.groups) {
          const members = values.filter((each) => (each.who ?? "not known") === group);
          const yes = members.filter(({ label }) => label === "yes").length;
          const rate = labels.find(({ label }) => label === "yes")?.rate ?? { value: 0, n: members.length };
          expect(rate).toMatchObject({ value: yes / members.length, n: members.length });
        }
        expect(age!.groups.filter(({ group }) => group !== "not known").length).toBeLessThanOrEqual(4);
        expect(who!.small).toEqual(who!.groups.filter(({ share }) => share.value * rows.length < 29.5).map(({ group }) => group));
      }),
      { numRuns: 60 },
    );
  });

  test("differ where the data do: the published counts of German credit", (context) => {
    if (!existsSync(credit)) return context.skip("the folder of shared data is not there");
    const [head, ...lines] = readFileSync(credit, "utf8").trim().split(/\r?\n/);
    const names = head!.split(",");
    const rows = lines.map((line, index): Row => ({
      line: index + 2,
      values: Object.fromEntries(line.split(",").map((cell, at) => [names[at]!, cell])),
    }));
    const columns = [column("sex", { sensitive: true }), column("credit", { values: ["bad", "good"] })];
    const [audit] = auditGroups({ rows, contract: { columns }, labelColumn: "credit" });
    expect(audit!.groups.map(({ group, share, labels }) => [group, share.value, labels[0]!.label, labels[0]!.rate.value])).toEqual([
      ["male", 0.69, "bad", 191 / 690],
      ["female", 0.31, "bad", 109 / 310],
    ]);
    // Wilson by hand for 109 of 310.
    expect(audit!.groups[1]!.labels[0]!.rate.low).toBeCloseTo(0.3006, 3);
    expect(audit!.gap).toMatchObject({ label: "bad", highest: "female", lowest: "male" });
    expect(audit!.gap!.difference.value).toBeCloseTo(109 / 310 - 191 / 690, 9);
    expect(audit!.gap!.difference.low).toBeLessThan(0.02);
  });
});

describe("the datasheet", () => {
  const parsed = Array.from({ length: 90 }, (_, index): ParsedRow => ({
    line: index + 1,
    raw: { amount: index, who: index % 3 === 0 ? "ann" : "bob", label: index % 2 === 0 ? "yes" : "no" },
  }));
  const roles = { featureColumns: ["amount"], labelColumn: "label" };
  const write = (sensitiveColumns: string[], statements: DatasheetStatements, description = "") => {
    const { report } = buildRows(parsed, [], { ...roles, sensitiveColumns, contract: "infer", holdout: 0.2, nearThreshold: 1, now: 0 });
    return writeDatasheet({
      ...roles,
      report,
      statements,
      description,
      reference: "loans@2",
      hash: "0".repeat(64),
      lineage: { sources: [{ kind: "upload", reference: "u-1", rows: 90 }], workflowId: "w-1", parent: null, lines: null },
      nearThreshold: 0.8,
      contractOrigin: "inferred",
      contractVersion: "1.1",
      contractChanges: [{ column: "who", change: "is sensitive", breaking: false }],
      createdBy: "key:ada",
    });
  };
  const headings = (text: string) => [...text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading);

  test("has seven sections, and says in each what is not known and what would fill it", () => {
    const { text, gaps } = write([], {});
    expect(headings(text)).toEqual([
      "Motivation",
      "Composition",
      "Collection process",
      "Preprocessing, cleaning, labelling",
      "Uses",
      "Distribution",
      "Maintenance",
    ]);
    expect(gaps.map(({ section }) => section)).toEqual([
      "motivation",
      "composition",
      "collection",
      "preprocessing",
      "uses",
      "distribution",
      "maintenance",
    ]);
    for (const { question, fill } of gaps) expect(text).toContain(`> Gap: ${question} ${fill}`);
  });

  test("puts what people say beside the facts, and tells the rate of each group", () => {
    const said = {
      collection: "Asked by telephone in May.",
      uses: "Never for hiring.",
      preprocessing: "Two clerks.",
      distribution: "Internal.",
    };
    const { text, gaps } = write(["who"], said, "Loans of a small bank.");
    expect(gaps.map(({ section }) => section)).toEqual(["maintenance"]);
    expect(text).toMatch(/- 90 rows from upload u-1\n\nThe rows have no time\.\n\nAsked by telephone in May\./);
    expect(text).toContain("| bob | 60 | 66.7% (56.4% to 75.5%) | 50.0% (37.7% to 62.3%) | 50.0% (37.7% to 62.3%) |");
    expect(text).toContain("Split at random with seed 0, the same share of each label.");
    expect(text).toContain("Built by key:ada in the workflow w-1.");
    expect(text).toContain("- who: is sensitive");
  });

  test("cannot be of a column that is not there", () => {
    expect(() => write(["age"], {})).toThrow('The column "age" is to be sensitive, and the contract does not have it.');
  });
});
