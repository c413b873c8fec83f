import { roundMs } from "../../core/index.ts";
import { mapOutcome } from "../map-outcome.ts";
import type { Cost } from "../money/cost-of.ts";
import { sumCosts, sumUsage } from "../money/sum.ts";
import { retryVerdict } from "../reliability/retryable.ts";
import type { Ask, CallOutcome, GatewayCall, GatewayReply } from "../stage.ts";
import type { Told } from "../tell.ts";
import type { Usage } from "../types.ts";
import { askLogProbabilities } from "./ask-log-probabilities.ts";
import type { CapabilityTable } from "./capability-table.ts";
import { type Confidence, confidenceOf, isSure } from "./confidence.ts";
import type { AliasOf } from "./types.ts";

/** One answer that was paid for. */
interface Heard extends Confidence {
  readonly target: string | null;
  readonly usage: Usage | null;
  readonly cost: Cost | null;
}

/**
 * One target after the other, until an answer is sure enough. A stream is heard to its end before the caller gets any of it, but the last
 * one's. When the better ones fail, an unsure answer is better than none.
 */
export async function runCascade(
  call: GatewayCall,
  next: Ask,
  { alias, capabilities }: { readonly alias: AliasOf<"cascade">; readonly capabilities: CapabilityTable },
): Promise<GatewayReply> {
  const { targets } = call.resolved;
  const heard: Heard[] = [];
  let unsure: GatewayReply | undefined;
  for (const [index, target] of targets.entries()) {
    const isLast = index === targets.length - 1;
    const only = { ...call, resolved: { ...call.resolved, targets: [target] } };
    const startMs = call.evidence.elapsed();
    let reply: GatewayReply;
    try {
      reply = await next(isLast ? only : askLogProbabilities(only, target, capabilities));
    } catch (error) {
      if (call.signal.aborted) throw error;
      if (!isLast && retryVerdict(error) !== "stop") continue;
      if (unsure === undefined) throw error;
      return settle(unsure, heard);
    }
    if (isLast && unsure === undefined) return reply;
    if (isLast) return settle(reply, heard, true);
    const whole = await hearOut(reply);
    const outcome = outcomeOf(whole);
    const confidence = confidenceOf(outcome);
    heard.push({ ...confidence, target: outcome.target, usage: outcome.answer?.usage ?? null, cost: outcome.cost });
    const sure = isSure(confidence, alias);
    call.evidence.step({
      name: `cascade:${target.name}`,
      kind: "policy",
      startMs: roundMs(startMs),
      durationMs: roundMs(call.evidence.elapsed() - startMs),
      status: "ok",
      details: { sure, confidence: confidence.value, flaw: confidence.flaw, usage: outcome.answer?.usage ?? null, cost: outcome.cost },
    });
    if (sure) return settle(whole, heard);
    // What broke off is no answer to fall back to.
    if (confidence.flaw !== "failed" && confidence.flaw !== "empty") unsure = whole;
  }
  return settle(unsure!, heard);
}

/** Reads a stream to its end, so that it can be judged and then told again. */
async function hearOut(reply: GatewayReply): Promise<GatewayReply> {
  if (reply.kind === "whole") return reply;
  const told: Told[] = [];
  try {
    for await (const each of reply.texts) {
      told.push(each);
      if (each.isLast) break;
    }
  } finally {
    void reply.leave();
  }
  const outcome = reply.outcome();
  return { ...reply, texts: again(told), outcome: () => outcome, leave: () => Promise.resolve() };
}

async function* again(told: readonly Told[]): AsyncGenerator<Told> {
  yield* told;
}

function outcomeOf(reply: GatewayReply): CallOutcome {
  return reply.kind === "whole" ? reply.outcome : reply.outcome();
}

/** All that was asked is paid for. `another`: the reply's own answer is not among those that were heard. */
function settle(reply: GatewayReply, heard: readonly Heard[], another = false): GatewayReply {
  if (heard.length + Number(another) < 2) return noted(reply, heard);
  const summed = mapOutcome(reply, (outcome) => ({
    ...outcome,
    answer:
      outcome.answer === null
        ? null
        : { ...outcome.answer, usage: sumUsage([...heard.map(({ usage }) => usage), ...(another ? [outcome.answer.usage] : [])]) },
    cost: sumCosts([...heard.map(({ cost }) => cost), ...(another ? [outcome.cost] : [])]),
  }));
  return noted(summed, heard);
}

function noted(reply: GatewayReply, heard: readonly Heard[]): GatewayReply {
  const asked = heard.map(({ target, value, flaw, cost }) => ({ target, confidence: value, flaw, cost: cost?.amount ?? null }));
  return mapOutcome(reply, (outcome) => ({ ...outcome, notes: { ...outcome.notes, cascade: asked } }));
}
