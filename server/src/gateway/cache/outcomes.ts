import { AppError } from "../../core/index.ts";
import { AnswerCollector } from "../collect-answer.ts";
import type { Cost } from "../money/cost-of.ts";
import type { CallOutcome } from "../stage.ts";
import type { ChatAnswer, Usage } from "../types.ts";
import type { Flight, Seat } from "./flight.ts";

const noTokens: Usage = { input: 0, output: 0, cachedInput: 0, cacheWrite: 0, reasoning: 0, from: "provider" };

/** What a told-again answer costs: nothing, in the currency of the first time. */
export function free(cost: Cost | null): Cost {
  return {
    amount: "0",
    currency: cost?.currency ?? null,
    from: cost?.from ?? null,
    parts: { input: "0", output: "0", cachedInput: "0", cacheWrite: "0" },
  };
}

/** The same answer, for which nobody was asked. */
export function unpaid(answer: ChatAnswer): ChatAnswer {
  return { ...answer, usage: noTokens };
}

/** What a member of a flight has to write down. One of them pays, and the others nothing. */
export function outcomeOf(flight: Flight, seat: Seat): CallOutcome {
  const { end, leader } = flight;
  const from = leader.inferenceId;
  const isLeader = leader === seat.call;
  if (end === undefined) return outcomeOfLeaver(flight, seat);
  if (flight.isPayer(seat)) return isLeader ? end : noted(end, { kind: "shared", from, paid: true });
  const { answer, cost, error, target } = end;
  const told = answer === null ? null : unpaid(answer);
  // Nobody answered this one, where it broke off: it has nothing to pay for.
  const outcome = { answer: told, error, target: error === null ? target : null, cost: free(cost) };
  return noted(outcome, { kind: "shared", from, saved: cost?.amount ?? null, currency: cost?.currency ?? null });
}

function outcomeOfLeaver(flight: Flight, seat: Seat): CallOutcome {
  const collector = new AnswerCollector();
  for (const { events } of flight.heardBy(seat)) for (const event of events) collector.add(event);
  const error = new AppError("provider_failed", "The answer was not heard to its end.");
  const outcome = { target: null, answer: unpaid(collector.answer()), cost: free(null), error };
  return noted(outcome, { kind: "shared", from: flight.leader.inferenceId, leftToOthers: true });
}

export function noted(outcome: CallOutcome, cache: Readonly<Record<string, unknown>>): CallOutcome {
  return { ...outcome, notes: { ...outcome.notes, cache } };
}
