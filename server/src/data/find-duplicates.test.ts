import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRandom } from "../core/index.ts";
import { type DuplicateRule, findDuplicates } from "./find-duplicates.ts";
import type { Row } from "./rows.ts";
import { createSimilarityIndex, jaccard, minHash, normalizeText, shingle } from "./similarity.ts";

const columns = ["subject", "body"].map((name) => ({
  name,
  type: "text" as const,
  nullable: false,
  unique: false,
  minimum: null,
  maximum: null,
  maxLength: null,
  values: null,
}));
const rule: DuplicateRule = { contract: { columns }, featureColumns: ["subject", "body"], nearThreshold: 0.8 };

function row(line: number, body: string, subject = ""): Row {
  return { line, values: { subject, body } };
}

describe("exact and near duplicates", () => {
  test("keeps the first, and tells exact from near", () => {
    const long = "The committee meets on Thursday in the small room; bring the figures of the last quarter and the draft of the letter.";
    const { kept, duplicates } = findDuplicates(
      [row(1, long), row(2, `${long}\n`), row(3, long.replace("small", "large")), row(4, "Something else altogether, about boats.")],
      rule,
    );
    expect(kept.map(({ line }) => line)).toEqual([1, 4]);
    expect(duplicates.map(({ row: copy, of, kind }) => [copy.line, of.line, kind])).toEqual([
      [2, 1, "exact"],
      [3, 1, "near"],
    ]);
  });

  test("asks more of short texts", () => {
    const { kept } = findDuplicates(
      [
        row(1, "call me at 5 about the garden gate please"),
        row(2, "call me at 6 about the garden gate please"),
        row(3, ""),
        row(4, " ", "other"),
      ],
      rule,
    );
    expect(kept.map(({ line }) => line)).toEqual([1, 2, 3, 4]);
  });

  test("compares text only among rows whose other features are equal", () => {
    const number = { ...columns[0]!, name: "amount", type: "number" as const };
    const text = "A rather long message about an invoice that was paid late, with many words in it to be compared with another.";
    const rows = [1, 2].map((amount) => ({ line: amount, values: { subject: "", body: text + amount, amount } }));
    expect(
      findDuplicates(rows, { contract: { columns: [...columns, number] }, featureColumns: ["body", "amount"], nearThreshold: 0.8 }).kept,
    ).toHaveLength(2);
    expect(findDuplicates(rows, { contract: { columns: [number] }, featureColumns: ["amount"], nearThreshold: 0.8 }).kept).toHaveLength(2);
  });

  test("survives a template that thousands share", () => {
    const rows = Array.from({ length: 3000 }, (_, index) =>
      row(
        index,
        `Dear customer, your order ${"of many things ".repeat(5)} number ${index} ${String(index * 7919).repeat(12)} has been sent to you today.`,
      ),
    );
    expect(findDuplicates(rows, rule).kept.length).toBeGreaterThan(2900);
  });
});

describe("similarity", () => {
  test("equal sets have equal signatures and similarity 1; the measure is symmetric and within [0, 1]", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), fc.string({ maxLength: 300 }), (first, second) => {
        const [a, b] = [shingle(normalizeText(first)), shingle(normalizeText(second))];
        expect(minHash(a)).toEqual(minHash(a.slice()));
        expect(jaccard(a, a)).toBe(1);
        expect(jaccard(a, b)).toBe(jaccard(b, a));
        expect(jaccard(a, b)).toBeGreaterThanOrEqual(0);
        expect(jaccard(a, b)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 200 },
    );
  });

  test("proposes nearly every pair above the threshold", () => {
    const random = createRandom(3);
    let found = 0;
    for (let round = 0; round < 300; round++) {
      const base = Uint32Array.from({ length: 40 }, () => Math.floor(random.next() * 2 ** 32)).sort();
      const other = Uint32Array.from(base.map((hash, index) => (index < 4 ? Math.floor(random.next() * 2 ** 32) : hash))).sort();
      const index = createSimilarityIndex<number>(0.8);
      index.add(round, base);
      if (index.find(other)?.item === round) found += 1;
    }
    expect(found).toBeGreaterThanOrEqual(299);
  });
});
