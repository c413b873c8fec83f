import { AppError, type Clock, type Egress } from "../../core/index.ts";
import { contextOf } from "../answer-context.ts";
import { failure } from "../attempt-target.ts";
import { spentOn } from "../budgets/chat-spend.ts";
import type { Meter } from "../budgets/meter.ts";
import { spenderOf } from "../budgets/stage.ts";
import { dialects } from "../dialects/index.ts";
import { mapOutcome } from "../map-outcome.ts";
import { costOf } from "../money/cost-of.ts";
import type { PriceTable } from "../money/price-table.ts";
import { type Question, askQuestion } from "../question.ts";
import type { ResolvedModel, Target } from "../resolve-model.ts";
import { type Ask, type GatewayCall, type Stage, inStages } from "../stage.ts";
import { anthropicBatches } from "./anthropic.ts";
import { createBatchHolds } from "./hold-batch.ts";
import { openaiBatches } from "./openai.ts";
import type { KeptReply, ProviderBatches } from "./types.ts";

export interface ProviderBatchesDeps {
  readonly egress: Egress;
  readonly clock: Clock;
  readonly prices: PriceTable;
  readonly resolve: (model: string) => ResolvedModel;
  /** What may be refused before anything is sent. */
  readonly admit: Stage;
  readonly meter: Meter;
}

const protocols = { openai: openaiBatches, anthropic: anthropicBatches };

/** A provider's own batches, at its own price: written, sent and fetched here; who waits for them is somebody else. */
export function createProviderBatches(deps: ProviderBatchesDeps): ProviderBatches {
  const { egress, clock, prices, resolve, meter } = deps;

  function ask(question: Question, call: Ask) {
    // A batch knows no clocks and no metadata of ours, and its questions are no streams.
    const { metadata: _metadata, ...request } = question.request;
    return askQuestion({ ...question, request, clocks: undefined }, { call, resolve, clock });
  }

  const holds = createBatchHolds({ meter, prices, clock, find: (name) => findTarget(name, resolve) });

  /** The provider was paid when it took the batch: what an answer came to is charged, whatever is left. */
  const charge: Stage = async (call, next) => {
    const reply = await next(call);
    if (meter.isEmpty || reply.kind === "stream") return reply;
    const spend = spentOn(call, reply.outcome, { prices, now: () => clock.now() });
    // As a request it was counted with the batch.
    const budgets = await meter.charge(spenderOf(call), { ...spend, requests: 0 });
    return mapOutcome(reply, (outcome) => ({ ...outcome, notes: { ...outcome.notes, budgets } }));
  };

  return {
    reserve: holds.reserve,
    release: holds.release,
    target: (model) => findTarget(model, resolve).name,

    async write(question) {
      let text = "";
      const note: Ask = async (call) => {
        text = bodyOf(call, findTarget(call.request.model, resolve));
        return { kind: "whole", text: "", outcome: { target: null, answer: null, cost: null, error: null } };
      };
      await ask(question, inStages([deps.admit], note));
      return text;
    },

    at(name, signal) {
      const target = findTarget(name, resolve);
      return protocols[target.config.dialect as keyof typeof protocols]({ egress, target, now: () => clock.now(), signal });
    },

    answer: (question, kept) =>
      ask(
        question,
        inStages([deps.admit, charge], async (call) => tell(call, kept)),
      ),
  };

  function tell(call: GatewayCall, kept: KeptReply) {
    const target = findTarget(call.request.model, resolve);
    if (bodyOf(call, target) !== kept.asked)
      throw new AppError("provider_failed", `The batch ${kept.batch} answered another question than this one.`, {
        details: { target: target.name, batch: kept.batch, reason: "another-question" },
      });
    const dialect = dialects[call.dialect];
    const answer = dialect.parseAnswer(kept.reply);
    if (answer.content.length === 0) throw failure({ status: null, kind: "unknown", message: "gave an empty answer in a batch" }, target);
    const row = prices.find(target.provider, target.model, clock.now());
    const outcome = {
      target: target.name,
      answer,
      cost: costOf(answer.usage, row, "batch"),
      error: null,
      notes: { batch: { provider: target.provider, id: kept.batch } },
    };
    return { kind: "whole" as const, text: JSON.stringify(dialect.writeAnswer(answer, contextOf(call, clock))), outcome };
  }
}

function bodyOf({ dialect, request }: GatewayCall, { model }: Target): string {
  return JSON.stringify(dialects[dialect].writeRequest(request, model));
}

function findTarget(model: string, resolve: ProviderBatchesDeps["resolve"]): Target {
  const { name, targets } = resolve(model);
  const [target] = targets;
  if (targets.length !== 1) throw refused(`"${name}" has ${targets.length} targets, and a provider's batch goes to one`);
  const { config, provider } = target!;
  if (!config.batches) throw refused(`gateway.providers.${provider} does not say \`batches: true\``);
  if (!Object.hasOwn(protocols, config.dialect))
    throw refused(`gateway.providers.${provider} speaks ${config.dialect}; batches are made in openai and anthropic`);
  return target!;
}

function refused(why: string): AppError {
  return new AppError("invalid_request", `The provider's batches cannot answer this: ${why}. Leave \`through\` out to ask each row.`, {
    details: { issues: [{ path: "through", message: why }] },
  });
}
