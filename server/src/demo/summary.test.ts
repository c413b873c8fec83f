import { expect, test } from "vitest";
import { type Summary, renderSummary } from "./summary.ts";

const summary: Summary = {
  dataset: { rows: 1924, kept: 1550, duplicates: 372, quarantined: 2 },
  model: { v1: { accuracy: 0.971, interval: [0.946, 0.985], n: 310, ece: 0.02, trainSeconds: 2.8 }, v2: null },
  served: { requests: 4122, p50Ms: 5.9, p99Ms: 48.9, fallbacks: 33 },
  evidence: { accepted: 5684, stored: 5684, rejected: 0 },
  feedback: { accepted: 3727, repeated: 213, refused: 1, never: 395 },
  alerts: [
    {
      id: "a",
      cause: "label-share",
      title: "The share of labels moved ".repeat(8).trim(),
      owner: "mail-team",
      windows: 15,
      openedOn: "2002-08-01",
    },
  ],
  retrainings: [
    {
      trigger: "alert",
      dataset: "mail@2",
      verdict: "inconclusive",
      promoted: false,
      stage: "stopped",
      reason: "About 984 more labelled rows are missing.",
    },
    { trigger: "labels", dataset: "mail@3", verdict: "pass", promoted: false, stage: "canary", reason: null },
  ],
  release: { verdict: "inconclusive", promoted: false, version: 2, reason: null, missingRows: 984, rulesAreEnough: true },
  accuracyAfter: null,
  explained: null,
  audit: { entries: 137, verified: true },
  seconds: 94.9,
};

test("the closing table is a box: every line as wide as the first, long text wrapped", () => {
  const lines = renderSummary(summary).split("\n");
  expect(new Set(lines.map((line) => line.length)).size).toBe(1);
  expect(lines[0]!.length).toBeLessThanOrEqual(120);
  expect(lines.at(-1)).toMatch(/^└─+┴─+┘$/);
});

test("says what ended, what was under way and what was never measured", () => {
  const text = renderSummary(summary);
  expect(text).toContain("1,924 rows = 1,550 kept + 372 duplicates + 2 quarantined");
  expect(text).toContain("inconclusive, not promoted: About 984 more labelled rows are missing.");
  expect(text).toContain("pass, in canary when the mail ended: labels");
  expect(text).toContain("not measured: nothing was promoted");
  expect(text).toMatch(/model v2 +│ none/);
});

test("an audit log that does not verify stands out", () => {
  expect(renderSummary({ ...summary, audit: { entries: 3, verified: false } })).toContain("NOT VERIFIED");
});
