import type { ExperimentMetric } from "@millrace/contract";
import { type RowLosses, betterOf, compareLosses } from "../row-losses.ts";
import { simplicityOf } from "./candidates.ts";
import type { KeptTrial } from "./repository.ts";

/** A trial that succeeded on all rows, with what each measured row cost it. */
export interface Finalist {
  readonly trial: Pick<KeptTrial, "number" | "trainer" | "bytes">;
  readonly losses: RowLosses;
  /** The mean loss behind the metric. */
  readonly loss: number;
}

export interface Choice {
  readonly trial: number;
  readonly why: string;
}

/**
 * The trial with the least loss; or, of simpler trainers, the best trial of the simplest one whose difference from it holds zero
 * (paired over the same rows, 95%). Null when there is none.
 */
export function chooseTrial(metric: ExperimentMetric, finalists: readonly Finalist[]): Choice | null {
  const ranked = finalists.toSorted((a, b) => a.loss - b.loss || (a.trial.bytes ?? 0) - (b.trial.bytes ?? 0));
  const [best] = ranked;
  if (best === undefined) return null;
  const { trial } = best;
  const first = `trial ${trial.number} (${trial.trainer}) has the best ${metric} of ${finalists.length}`;
  const simpler = ranked
    .filter((each, place) => ranked.findIndex((other) => other.trial.trainer === each.trial.trainer) === place)
    .filter((each) => simplicityOf(each.trial.trainer) < simplicityOf(trial.trainer))
    .toSorted((a, b) => simplicityOf(a.trial.trainer) - simplicityOf(b.trial.trainer));
  const said: string[] = [];
  for (const each of simpler) {
    const difference = compareLosses(metric, best.losses, each.losses);
    const interval = `${text(difference.value)} [${text(difference.low)}, ${text(difference.high)}]`;
    if (betterOf(metric, difference) === null) {
      return {
        trial: each.trial.number,
        why: `${first}, but ${each.trial.trainer} is simpler, and the difference from its best, trial ${each.trial.number}, may be chance: ${metric} ${interval} over the same rows.`,
      };
    }
    said.push(`${each.trial.trainer} (trial ${each.trial.number}) is simpler but not as good: the difference in ${metric} is ${interval}`);
  }
  return { trial: trial.number, why: `${[first, ...said].join("; ")}.` };
}

function text(value: number): string {
  return String(Number(value.toPrecision(3)));
}
