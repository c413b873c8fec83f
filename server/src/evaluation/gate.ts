import type { Evaluation as EvaluationReport, Verdict } from "@millrace/contract";
import { z } from "zod";
import { type Estimate, type PairedCounts, countPairs, pairedDifference, pairedRowsNeeded } from "../statistics/index.ts";

/** `retraining.gate` of a function. */
export const gateConfigSchema = z
  .strictObject({
    /** How much worse the challenger may be at the pessimistic end of the interval: a share of rows. */
    margin: z.number().min(0).max(0.2).default(0.005),
    /** How much worse it may clearly be on the rows of one label before it fails for that alone. */
    labelMargin: z.number().min(0).max(1).default(0.1),
    /** The share of the champion's accuracy at which plain rules are called enough. */
    rulesShare: z.number().min(0).max(1).default(0.95),
  })
  .prefault({});
export type GateConfig = z.infer<typeof gateConfigSchema>;

/** Which rows both got right, paired row by row. */
export interface PairedAnswers {
  /** The true label of each row. */
  readonly truth: readonly string[];
  readonly championRight: readonly boolean[];
  readonly challengerRight: readonly boolean[];
}

export type GateResult = Pick<EvaluationReport, "verdict" | "reason" | "difference" | "missingRows">;

/**
 * Judges a challenger. Pass: not worse than the margin at the lower 95% bound of the paired difference (non-inferior), and
 * not worse at all in the difference seen: a chain of releases that were each "hardly worse" would wear a model down. Fail:
 * clearly worse, over all rows or on one label. Otherwise nobody knows yet, and the rows that are missing are named.
 */
export function judge(answers: PairedAnswers, gate: GateConfig): GateResult {
  const counts = countPairs(answers.challengerRight, answers.championRight);
  const difference = pairedDifference(counts);
  const collapsed = findCollapsedLabel(answers, gate);
  if (difference.high < 0)
    return result("fail", difference, `The challenger is worse by ${points(-difference.value)} points (${span(difference)}).`);
  if (collapsed !== undefined) return result("fail", difference, collapsed);
  if (difference.value >= 0 && difference.low > -gate.margin) return result("pass", difference, passReason(difference, gate));
  const missingRows = findMissingRows(counts, difference, gate);
  const seen =
    difference.value === 0
      ? "No difference was seen"
      : `The challenger looks ${difference.value > 0 ? "better" : "worse"} by ${points(Math.abs(difference.value))} points`;
  const reason = `${seen}, but on ${counts.n} rows the interval is ${span(difference)}: too wide to tell. About ${missingRows} more labelled rows are missing.`;
  return { ...result("inconclusive", difference, reason), missingRows };
}

function result(verdict: Verdict, difference: Estimate, reason: string): GateResult {
  return { verdict, reason, difference, missingRows: null };
}

function passReason(difference: Estimate, gate: GateConfig): string {
  if (difference.low > 0) return `The challenger is better by ${points(difference.value)} points (${span(difference)}).`;
  return `The challenger is at least as good: difference ${points(difference.value)} points (${span(difference)}), and at worst less than ${points(gate.margin)} points below.`;
}

/** Rows beyond those there are, at which the interval at the difference seen would no longer hold both answers. */
function findMissingRows(counts: PairedCounts, difference: Estimate, gate: GateConfig): number {
  // A tie at margin zero could never be told; half a point is then the smallest difference worth knowing.
  const distance = difference.value >= 0 ? difference.value + gate.margin || 0.005 : -difference.value;
  return Math.max(1, pairedRowsNeeded(counts, distance) - counts.n);
}

function findCollapsedLabel(answers: PairedAnswers, gate: GateConfig): string | undefined {
  for (const label of [...new Set(answers.truth)].sort()) {
    const own = (_: boolean, index: number) => answers.truth[index] === label;
    const difference = pairedDifference(countPairs(answers.challengerRight.filter(own), answers.championRight.filter(own)));
    if (difference.high < -gate.labelMargin)
      return `On rows labelled "${label}" the challenger is worse by ${points(-difference.value)} points (${span(difference)}).`;
  }
  return undefined;
}

function points(share: number): string {
  return (share * 100).toFixed(1);
}

function span(estimate: Estimate): string {
  return `95% from ${points(estimate.low)} to ${points(estimate.high)}`;
}
