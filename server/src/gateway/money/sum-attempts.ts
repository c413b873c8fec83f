import type { PaidAttempt } from "../attempt-book.ts";
import { mapOutcome } from "../map-outcome.ts";
import type { CallOutcome, Stage } from "../stage.ts";
import type { Usage } from "../types.ts";
import type { Cost } from "./cost-of.ts";
import { sumCosts, sumUsage } from "./sum.ts";

/** What several attempts came to together. */
export interface Paid {
  readonly usage: Usage;
  readonly cost: Cost;
}

/** Undefined where there is nothing to pay. */
export function sumAttempts(attempts: readonly PaidAttempt[]): Paid | undefined {
  if (attempts.length === 0) return undefined;
  return { usage: sumUsage(attempts.map(({ usage }) => usage)), cost: sumCosts(attempts.map(({ cost }) => cost)) };
}

/** An answer is paid with all that was paid on the way to it: attempts that ran out of their time, answers without content. */
export const sumLostStage: Stage = async (call, next) => {
  const reply = await next(call);
  const lost = call.book?.lost() ?? [];
  return lost.length === 0 ? reply : mapOutcome(reply, (outcome) => withLost(outcome, lost));
};

function withLost(outcome: CallOutcome, lost: readonly PaidAttempt[]): CallOutcome {
  const { answer, cost, notes } = outcome;
  return {
    ...outcome,
    answer: answer === null ? null : { ...answer, usage: sumUsage([answer.usage, ...lost.map(({ usage }) => usage)]) },
    cost: sumCosts([cost, ...lost.map((each) => each.cost)]),
    notes: { ...notes, lost: lost.map(({ target, usage, cost: { amount } }) => ({ target, usage, cost: amount })) },
  };
}
