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
  if (end === undefined) {
    const error = seat.lost ?? unheard();
    return noted(
      { target: null, answer: unpaid(heardBy(flight, seat)), cost: free(null), error },
      { kind: "shared", from, leftToOthers: true },
    );
  }
  const { cost, target } = end;
  const isWhole = flight.hasHeardAll(seat);
  const error = isWhole ? end.error : (seat.lost ?? unheard());
  const answer = isWhole || end.answer === null ? end.answer : { ...heardBy(flight, seat), usage: end.answer.usage };
  if (flight.isPayer(seat)) {
    const outcome = { ...end, error, answer };
    return leader === seat.call ? outcome : noted(outcome, { kind: "shared", from, paid: true });
  }
  const told = answer === null ? null : unpaid(answer);
  const note = { kind: "shared", from, saved: cost?.amount ?? null, currency: cost?.currency ?? null };
  // Nobody answered this one, where it broke off: it has nothing to pay for.
  return noted({ answer: told, error, target: error === null ? target : null, cost: free(cost) }, note);
}

function unheard(): AppError {
  return new AppError("provider_failed", "The answer was not heard to its end.");
}

/** What came of an answer to one who does not hear its end, as far as it is still held. */
function heardBy(flight: Flight, seat: Seat): ChatAnswer {
  const collector = new AnswerCollector();
  for (const { events } of flight.heardBy(seat)) for (const event of events) collector.add(event);
  return collector.answer();
}

export function noted(outcome: CallOutcome, cache: Readonly<Record<string, unknown>>): CallOutcome {
  return { ...outcome, notes: { ...outcome.notes, cache } };
}
