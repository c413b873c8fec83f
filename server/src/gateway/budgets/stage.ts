import type { Clock } from "../../core/index.ts";
import type { PriceTable } from "../money/price-table.ts";
import { readSaid } from "../read-said.ts";
import type { CallOutcome, GatewayCall, Stage } from "../stage.ts";
import type { Spender } from "./buckets.ts";
import { forecastChat, spentInVain, spentOn } from "./chat-spend.ts";
import { holdNoted } from "./hold-noted.ts";
import type { Meter } from "./meter.ts";
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

  return async (call, next) => {
    const forecast = forecastChat(call, peaks, deps);
    const held = await holdNoted(meter, { spender: spenderOf(call), forecast, leaseMs: call.resolved.totalMs + graceMs }, call.evidence);
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
      held.settle(spentInVain(call));
      throw error;
    }
  };
}

/** Whom a call counts for: also one that spends nothing but its place among the requests. */
export function spenderOf(
  call: Pick<GatewayCall, "origin" | "resolved"> & { readonly request: Pick<GatewayCall["request"], "metadata" | "user"> },
): Spender {
  const { resolved } = call;
  const { projectId, principalId, function: asked, address } = call.origin;
  const { tags, user } = readSaid(call);
  const [first] = resolved.targets;
  const isItself = resolved.targets.length === 1 && first!.name === resolved.name;
  const models = isItself ? [resolved.name] : [...new Set([resolved.name, ...resolved.targets.map(({ name }) => name)])];
  return { projectId, principalId, function: asked, address, models, user: user ?? null, tags };
}
