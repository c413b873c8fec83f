import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { gateConfigSchema, judge, type PairedAnswers } from "./gate.ts";

const gate = gateConfigSchema.parse({});

interface Cells {
  readonly both: number;
  readonly onlyChampion: number;
  readonly onlyChallenger: number;
  readonly neither: number;
  readonly label?: string;
}

/** Rows by who was right about them. */
function answers(...groups: Cells[]): PairedAnswers {
  const truth: string[] = [];
  const championRight: boolean[] = [];
  const challengerRight: boolean[] = [];
  const add = (rows: number, label: string, champion: boolean, challenger: boolean) => {
    for (let row = 0; row < rows; row++) {
      truth.push(label);
      championRight.push(champion);
      challengerRight.push(challenger);
    }
  };
  for (const { both, onlyChampion, onlyChallenger, neither, label = "ham" } of groups) {
    add(both, label, true, true);
    add(onlyChampion, label, true, false);
    add(onlyChallenger, label, false, true);
    add(neither, label, false, false);
  }
  return { truth, championRight, challengerRight };
}

describe("the gate", () => {
  test("passes a challenger that is clearly better, and says by how much", () => {
    const result = judge(answers({ both: 900, onlyChampion: 5, onlyChallenger: 60, neither: 35 }), gate);
    expect(result.verdict).toBe("pass");
    expect(result.difference.value).toBeCloseTo(0.055);
    expect(result.reason).toMatch(/better by 5\.5 points/);
    expect(result.missingRows).toBeNull();
  });

  test("passes one that is as good, when the interval ends within the margin", () => {
    expect(judge(answers({ both: 5000, onlyChampion: 20, onlyChallenger: 25, neither: 10 }), gate)).toMatchObject({
      verdict: "pass",
      reason: expect.stringMatching(/at least as good/) as string,
    });
  });

  test("fails one that is clearly worse", () => {
    expect(judge(answers({ both: 900, onlyChampion: 60, onlyChallenger: 5, neither: 35 }), gate)).toMatchObject({
      verdict: "fail",
      missingRows: null,
    });
  });

  test("cannot tell on few rows, and names how many are missing", () => {
    const result = judge(answers({ both: 50, onlyChampion: 2, onlyChallenger: 3, neither: 5 }), gate);
    expect(result.verdict).toBe("inconclusive");
    expect(result.missingRows).toBeGreaterThan(60);
    expect(result.reason).toContain(`About ${result.missingRows} more labelled rows`);
  });

  test("does not let pass what looks a little worse, however many rows say it is not much", () => {
    // A chain of such releases would wear the model down.
    expect(judge(answers({ both: 100_000, onlyChampion: 60, onlyChallenger: 50, neither: 1000 }), gate).verdict).toBe("inconclusive");
  });

  test("fails one that collapsed on a label, even if it is better over all", () => {
    const result = judge(
      answers(
        { both: 900, onlyChampion: 0, onlyChallenger: 100, neither: 0 },
        { both: 10, onlyChampion: 40, onlyChallenger: 0, neither: 0, label: "spam" },
      ),
      gate,
    );
    expect(result).toMatchObject({ verdict: "fail", reason: expect.stringMatching(/labelled "spam"/) as string });
    expect(
      judge(
        answers(
          { both: 900, onlyChampion: 0, onlyChallenger: 100, neither: 0 },
          { both: 10, onlyChampion: 40, onlyChallenger: 0, neither: 0, label: "spam" },
        ),
        { ...gate, labelMargin: 1 },
      ).verdict,
    ).toBe("pass");
  });

  test("its margin can be set per function", () => {
    const pairs = answers({ both: 500, onlyChampion: 4, onlyChallenger: 5, neither: 5 });
    expect(judge(pairs, gate).verdict).toBe("inconclusive");
    expect(judge(pairs, { ...gate, margin: 0.02 }).verdict).toBe("pass");
  });

  const cells = fc
    .record({ both: fc.nat(400), onlyChampion: fc.nat(60), onlyChallenger: fc.nat(60), neither: fc.nat(60) })
    .filter((each) => each.both + each.onlyChampion + each.onlyChallenger + each.neither > 0);

  test("never passes what is worse in the difference seen, and never fails what is better, over all rows", () => {
    fc.assert(
      fc.property(cells, (each) => {
        const { verdict, difference, missingRows } = judge(answers(each), { ...gate, labelMargin: 1 });
        if (verdict === "pass") expect(difference.value).toBeGreaterThanOrEqual(0);
        if (verdict === "fail") expect(difference.value).toBeLessThan(0);
        expect(missingRows === null).toBe(verdict !== "inconclusive");
        if (missingRows !== null) expect(missingRows).toBeGreaterThan(0);
      }),
    );
  });

  test("a better challenger passes once the rows that were missing are there, at the rates that were seen", () => {
    fc.assert(
      fc.property(cells, (each) => {
        const before = judge(answers(each), { ...gate, labelMargin: 1 });
        if (before.verdict !== "inconclusive" || before.difference.value <= 0) return;
        const rows = each.both + each.onlyChampion + each.onlyChallenger + each.neither;
        const times = Math.ceil((rows + before.missingRows!) / rows) + 1;
        const grown = {
          both: each.both * times,
          onlyChampion: each.onlyChampion * times,
          onlyChallenger: each.onlyChallenger * times,
          neither: each.neither * times,
        };
        expect(judge(answers(grown), { ...gate, labelMargin: 1 }).verdict).toBe("pass");
      }),
      { numRuns: 50 },
    );
  });
});
