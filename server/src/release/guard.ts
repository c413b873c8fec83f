import { type Estimate, wilson } from "../statistics/index.ts";

/** What one arm did since a stage began. */
export interface ArmFigures {
  readonly requests: number;
  readonly failures: number;
  readonly fallbacks: number;
  /** Milliseconds; null without requests. */
  readonly p95Ms: number | null;
  /** Requests whose true label came back, and how many of them were right. */
  readonly labelled: number;
  readonly right: number;
}

/** Requests an arm needs before its slowest twentieth says anything. */
const requestsForLatency = 20;

/**
 * Why a canary must go back now, or null. Clearly worse means: the two 95% intervals do not touch (a stricter test than 95%
 * on the difference, because it is asked again at every look), so a handful of bad luck does not end a release.
 */
export function findHarm(canary: ArmFigures, stable: ArmFigures, latencyBudgetMs: number): string | null {
  const failures = [wilson(canary.failures, canary.requests), wilson(stable.failures, stable.requests)] as const;
  if (canary.requests > 0 && failures[0].low > failures[1].high)
    return `The canary fails more often: ${share(failures[0])} against ${share(failures[1])}.`;
  const fallbacks = [wilson(canary.fallbacks, canary.requests), wilson(stable.fallbacks, stable.requests)] as const;
  if (canary.requests > 0 && fallbacks[0].low > fallbacks[1].high)
    return `The canary falls back more often: ${share(fallbacks[0])} against ${share(fallbacks[1])}.`;
  const accuracy = [wilson(canary.right, canary.labelled), wilson(stable.right, stable.labelled)] as const;
  if (canary.labelled > 0 && accuracy[0].high < accuracy[1].low)
    return `The canary is right less often: ${share(accuracy[0])} against ${share(accuracy[1])} of those with labels.`;
  if (canary.requests >= requestsForLatency && canary.p95Ms! > latencyBudgetMs && (stable.p95Ms ?? 0) <= latencyBudgetMs) {
    return `The canary is too slow: its slowest twentieth takes more than ${Math.round(canary.p95Ms!)} ms, over the budget of ${latencyBudgetMs} ms that the stable binding keeps.`;
  }
  return null;
}

/** Shares of shadow answers that may fail before a challenger is not let near traffic. */
const shadowFailureShare = 0.01;

/** Why a shadow must not get traffic, or null: surely more than one in a hundred of its answers failed. */
export function findShadowHarm(shadow: { readonly answers: number; readonly errors: number }): string | null {
  const failures = wilson(shadow.errors, shadow.answers);
  return shadow.answers > 0 && failures.low > shadowFailureShare ? `In shadow the challenger fails too often: ${share(failures)}.` : null;
}

function share(estimate: Estimate): string {
  return `${(estimate.value * 100).toFixed(1)}% of ${estimate.n}`;
}
