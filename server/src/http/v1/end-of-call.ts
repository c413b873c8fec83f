import type { ModelCallEnd } from "../../functions/index.ts";
import type { CallOutcome } from "../../gateway/index.ts";

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
