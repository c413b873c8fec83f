import { toAppError } from "../../core/index.ts";
import type { ModelCallEnd } from "../../functions/index.ts";
import { type AttemptBook, type CallOutcome, sumAttempts } from "../../gateway/index.ts";

/** How a call of a model ended, as its evidence holds it. */
export function endOfCall(outcome: CallOutcome): ModelCallEnd {
  const { answer: given, error } = outcome;
  return {
    status: error === null ? ("ok" as const) : ("failed" as const),
    error: error?.code ?? null,
    variant: outcome.target,
    chosen: outcome.chosen,
    output: JSON.stringify(given),
    produced: {
      model: given?.model ?? null,
      usage: given?.usage ?? null,
      cost: outcome.cost,
      finish: given?.finish ?? null,
      ...outcome.notes,
    },
  };
}

/** The same of a call that nobody answered: what its attempts cost all the same. */
export function endInVain(error: unknown, book: AttemptBook): ModelCallEnd {
  const paid = sumAttempts(book.soFar());
  const produced = paid === undefined ? {} : { model: null, usage: paid.usage, cost: paid.cost, finish: null };
  return { status: "failed", error: toAppError(error).code, variant: null, output: "null", produced };
}
