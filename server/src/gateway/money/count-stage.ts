import type { CallOutcome, GatewayCall, GatewayReply, Stage } from "../stage.ts";
import type { Told } from "../tell.ts";
import type { Usage } from "../types.ts";
import { costOf } from "./cost-of.ts";
import type { TokenCounter } from "./count-tokens.ts";
import type { PriceTable } from "./price-table.ts";

export interface CountStageDeps {
  readonly counter: Pick<TokenCounter, "countTokens" | "countParts">;
  readonly prices: PriceTable;
  readonly now: () => number;
}

/** Counts here what a provider does not tell: whole answers, streams, and what came of those that were cut. Nearest to the providers. */
export function createCountStage(deps: CountStageDeps): Stage {
  return async (call, next) => {
    const reply = await next(call);
    if (reply.kind === "stream") return follow(call, reply, deps);
    return isCounted(reply.outcome) ? reply : { ...reply, outcome: await complete(call, reply.outcome, deps) };
  };
}

/** The count is there before the last piece is told, and before whoever left asks how it ended. */
function follow(call: GatewayCall, reply: Extract<GatewayReply, { kind: "stream" }>, deps: CountStageDeps): GatewayReply {
  let outcome: CallOutcome | undefined;
  const count = async () => {
    outcome ??= await complete(call, reply.outcome(), deps);
  };

  // By hand: a generator around each piece of a stream costs more than a look at it.
  const inner = reply.texts[Symbol.asyncIterator]();
  const texts: AsyncIterableIterator<Told> = {
    async next() {
      const step = await inner.next();
      if (step.done === true || step.value.isLast) await count();
      return step;
    },
    async return() {
      await inner.return?.(undefined);
      await count();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]: () => texts,
  };
  return { ...reply, texts, outcome: () => outcome ?? reply.outcome() };
}

/** Of a stream that broke off the provider has told the beginning at most. */
function isCounted({ answer, target, error }: CallOutcome): boolean {
  if (answer === null || target === null) return true;
  const told = answer.usage;
  return error === null && told !== null && told.input !== null && told.output !== null;
}

async function complete(call: GatewayCall, outcome: CallOutcome, { counter, prices, now }: CountStageDeps): Promise<CallOutcome> {
  const { answer, target, error } = outcome;
  if (isCounted(outcome) || answer === null || target === null) return outcome;
  const told = answer.usage;
  const isCut = error !== null;
  const slash = target.indexOf("/");
  const model = target.slice(slash + 1);
  const [input, output] = await Promise.all([
    told?.input ?? counter.countTokens(call.request, model),
    isCut || told?.output == null ? counter.countParts(answer.content, model) : told.output,
  ]);
  const usage: Usage = {
    input,
    output: output === null ? (told?.output ?? null) : Math.max(output, told?.output ?? 0),
    cachedInput: told?.cachedInput ?? null,
    cacheWrite: told?.cacheWrite ?? null,
    reasoning: told?.reasoning ?? null,
    from: "tokenizer",
  };
  return { ...outcome, answer: { ...answer, usage }, cost: costOf(usage, prices.find(target.slice(0, slash), model, now())) };
}
