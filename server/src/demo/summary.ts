import { type Estimate, finalRetrainingStages } from "@millrace/contract";

export interface ModelSummary {
  readonly accuracy: number;
  readonly interval: [number, number];
  readonly n: number;
  readonly ece: number;
  readonly trainSeconds: number;
}

/** What one turn of the loop came to; every number was measured in the run. */
export interface Summary {
  dataset: { rows: number; kept: number; duplicates: number; quarantined: number };
  model: { v1: ModelSummary | null; v2: ModelSummary | null };
  served: { requests: number; p50Ms: number; p99Ms: number; fallbacks: number };
  evidence: { accepted: number; stored: number; rejected: number };
  feedback: { accepted: number; repeated: number; refused: number; never: number };
  alerts: { id: string; cause: string; title: string; owner: string; windows: number; openedOn: string }[];
  retrainings: {
    trigger: string;
    dataset: string | null;
    verdict: string | null;
    promoted: boolean;
    stage: string;
    reason: string | null;
  }[];
  release: {
    verdict: string | null;
    promoted: boolean;
    version: number | null;
    reason: string | null;
    missingRows: number | null;
    rulesAreEnough: boolean | null;
  };
  accuracyAfter: { champion: number; previous: number; interval: [number, number]; n: number } | null;
  explained: string | null;
  audit: { entries: number; verified: boolean };
  seconds: number;
}

export function modelSummary(metrics: { accuracy: Estimate; ece: number }, trainSeconds: number): ModelSummary {
  const { value, low, high, n } = metrics.accuracy;
  return { accuracy: value, interval: [low, high], n, ece: metrics.ece, trainSeconds };
}

function percent(value: number, digits = 1): string {
  return `${(value * 100).toFixed(digits)}%`;
}

function count(value: number): string {
  return value.toLocaleString("en");
}

function modelLine(model: ModelSummary | null): string {
  if (model === null) return "none";
  return `${percent(model.accuracy)} accurate [${percent(model.interval[0])}, ${percent(model.interval[1])}] on ${count(model.n)} rows, calibration error ${model.ece.toFixed(3)}, ${model.trainSeconds.toFixed(1)} s`;
}

function outcome({ promoted, stage }: { promoted: boolean; stage: string }): string {
  if (promoted) return "promoted";
  if (stage === "rolled-back") return "rolled back";
  if (stage === "inconclusive") return "inconclusive";
  return finalRetrainingStages.has(stage) ? "not promoted" : `in ${stage} when the mail ended`;
}

/** The closing table, for a person. */
export function renderSummary(summary: Summary): string {
  const { dataset, served, evidence, feedback, release, accuracyAfter, audit } = summary;
  const rows: [string, string][] = [
    [
      "data",
      `${count(dataset.rows)} rows = ${count(dataset.kept)} kept + ${count(dataset.duplicates)} duplicates + ${count(dataset.quarantined)} quarantined`,
    ],
    ["model v1", modelLine(summary.model.v1)],
    ["model v2", modelLine(summary.model.v2)],
    [
      "served",
      `${count(served.requests)} requests, p50 ${served.p50Ms.toFixed(1)} ms, p99 ${served.p99Ms.toFixed(1)} ms, ${count(served.fallbacks)} fallbacks`,
    ],
    ["evidence", `${count(evidence.accepted)} accepted = ${count(evidence.stored)} stored + ${count(evidence.rejected)} rejected`],
    [
      "feedback",
      `${count(feedback.accepted)} labels taken, ${count(feedback.repeated)} repeated, ${count(feedback.refused)} refused, ${count(feedback.never)} never came`,
    ],
    ...summary.alerts.map((alert): [string, string] => ["alert", `${alert.title} (${count(alert.windows)} windows; owner ${alert.owner})`]),
    ...summary.retrainings.map((each): [string, string] => [
      "retraining",
      `${each.verdict ?? "no verdict"}, ${outcome(each)}: ${each.reason ?? each.trigger}`,
    ]),
    [
      "release",
      `${release.verdict ?? "no verdict"}; ${release.promoted ? `version ${release.version} is champion` : "the champion stays"}${release.rulesAreEnough === true ? "; rules alone would be enough" : ""}`,
    ],
    [
      "after",
      accuracyAfter === null
        ? "not measured: nothing was promoted"
        : `champion ${percent(accuracyAfter.champion)} against ${percent(accuracyAfter.previous)} before, difference [${percent(accuracyAfter.interval[0], 2)}, ${percent(accuracyAfter.interval[1], 2)}] on ${count(accuracyAfter.n)} labelled requests`,
    ],
    ["audit", `${count(audit.entries)} entries, ${audit.verified ? "verified" : "NOT VERIFIED"}`],
    ["time", `${summary.seconds.toFixed(1)} s`],
  ];
  return box(rows);
}

function box(rows: [string, string][]): string {
  const left = Math.max(...rows.map(([name]) => name.length));
  const right = Math.min(96, Math.max(...rows.map(([, text]) => text.length)));
  const lines: string[] = [`┌${"─".repeat(left + 2)}┬${"─".repeat(right + 2)}┐`];
  for (const [name, text] of rows) {
    for (const [index, part] of wrap(text, right).entries()) {
      lines.push(`│ ${(index === 0 ? name : "").padEnd(left)} │ ${part.padEnd(right)} │`);
    }
  }
  lines.push(`└${"─".repeat(left + 2)}┴${"─".repeat(right + 2)}┘`);
  return lines.join("\n");
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
