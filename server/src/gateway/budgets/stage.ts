import { type Clock, roundMs, toAppError } from "../../core/index.ts";
import type { PriceTable } from "../money/price-table.ts";
import { readSaid } from "../read-said.ts";
import type { CallOutcome, GatewayCall, Stage } from "../stage.ts";
import type { Spender } from "./buckets.ts";
import { forecastChat, spentInVain, spentOn } from "./chat-spend.ts";
import type { Hold, Meter } from "./meter.ts";
import { createOutputPeaks } from "./output-peaks.ts";

export interface BudgetStageDeps {
  readonly meter: Meter;
  readonly prices: PriceTable;
  readonly clock: Clock;
}

/** What is held ends by itself so long after the call must have ended. */
const graceMs = 60_000;

/** Reserves before anything is sent, settles when the call is over: whole, streamed, failed or left. */
export function createBudgetStage({ meter, prices, clock }: BudgetStageDeps): Stage {
  if (meter.isEmpty) return (call, next) => next(call);
  const peaks = createOutputPeaks(clock);
  const deps = { prices, now: () => clock.now() };

  async function hold(call: GatewayCall): Promise<Hold> {
    const startMs = call.evidence.elapsed();
    try {
      return await meter.hold(spenderOf(call), forecastChat(call, peaks, deps), call.resolved.totalMs + graceMs);
    } catch (error) {
      const { code, message, details } = toAppError(error);
      const budget = typeof details["budget"] === "string" ? details["budget"] : "budgets";
      const durationMs = roundMs(call.evidence.elapsed() - startMs);
      call.evidence.step({
        name: `budget:${budget}`,
        kind: "admission",
        startMs: roundMs(startMs),
        durationMs,
        status: "failed",
        error: code,
        details: { message },
      });
      throw error;
    }
  }

  return async (call, next) => {
    const held = await hold(call);
    if (held.budgets.length === 0) return next(call);
    const settle = (outcome: CallOutcome) => {
      held.settle(spentOn(call, outcome, deps));
      const output = outcome.answer?.usage?.output ?? null;
      if (call.request.maxTokens === null && outcome.target !== null && output !== null) peaks.note(outcome.target, output);
    };
    const noted = (outcome: CallOutcome): CallOutcome => ({ ...outcome, notes: { ...outcome.notes, budgets: held.budgets } });
    try {
      const reply = await next(call);
      if (reply.kind === "whole") {
        settle(reply.outcome);
        return { ...reply, outcome: noted(reply.outcome) };
      }
      return {
        ...reply,
        outcome: () => noted(reply.outcome()),
        leave() {
          settle(reply.outcome());
          return reply.leave();
        },
      };
    } catch (error) {
      held.settle(spentInVain(call, toAppError(error).code, deps));
      throw error;
    }
  };
}

function spenderOf(call: GatewayCall): Spender {
  const { resolved } = call;
  const { projectId, principalId, function: asked, address } = call.origin;
  const { tags, user } = readSaid(call);
  const [first] = resolved.targets;
  const isItself = resolved.targets.length === 1 && first!.name === resolved.name;
  const models = isItself ? [resolved.name] : [...new Set([resolved.name, ...resolved.targets.map(({ name }) => name)])];
  return { projectId, principalId, function: asked, address, models, user: user ?? null, tags };
}
