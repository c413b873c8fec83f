import { type Clock, Deadline, type Egress, createRandom } from "../../core/index.ts";
import { type Cost, costOf } from "../money/cost-of.ts";
import type { PriceRow } from "../money/price-row.ts";
import type { PriceTable } from "../money/price-table.ts";
import { sumCosts } from "../money/sum.ts";
import { isSkip, noteAttempt, noteSkipped } from "../note-attempt.ts";
import { createCircuitBreakers } from "../reliability/circuit-breaker.ts";
import { createRetryBudgets } from "../reliability/retry-budget.ts";
import { type AttemptTarget, runAttempts } from "../reliability/run-attempts.ts";
import { createTargetBounds } from "../reliability/target-bounds.ts";
import type { Usage } from "../types.ts";
import { keysOf } from "../attempt-target.ts";
import { type Made, type Spent, makeVectors } from "./make-vectors.ts";
import { localProvider } from "./local-models.ts";
import type { Embedder } from "./resolve-embedder.ts";
import type { AskEmbeddings, Encoder } from "./types.ts";
import type { VectorMemory } from "./vector-memory.ts";

export interface AskEmbeddingsDeps {
  readonly egress: Egress;
  readonly clock: Clock;
  readonly prices: PriceTable;
  readonly encoder: Encoder;
  readonly memory: VectorMemory;
  /** Tokens of texts whose provider tells none; null where they cannot be counted. */
  readonly countTexts: (texts: readonly string[], model: string) => Promise<number | null>;
}

type AskedEmbedder = Embedder & AttemptTarget;

/** What makes the vectors of a call: one target after the other, until one made them all. */
export function createAskEmbeddings({ egress, clock, prices, encoder, memory, countTexts }: AskEmbeddingsDeps): AskEmbeddings {
  const breakers = createCircuitBreakers(clock);
  const budgets = createRetryBudgets();
  const random = createRandom(clock.now());
  const bounds = createTargetBounds({ clock, random });

  function prepare(embedder: Embedder): AskedEmbedder {
    if (embedder.kind === "local") return { ...embedder, attempts: 1 };
    const { name, config } = embedder;
    const ring = bounds.ring(name, keysOf(config).length);
    const keys = ring === undefined ? undefined : { ring, order: null };
    return { ...embedder, attempts: config.attempts, keys, slots: bounds.slots(name, config.concurrency) };
  }

  return async (call) => {
    const deadline = new Deadline(call.startedAt + call.resolved.totalMs, call.signal);
    /** By target: a try that failed half-way is paid for too. */
    const spending = new Map<AskedEmbedder, Spent>();
    const spentOn = (target: AskedEmbedder): Spent => {
      const known = spending.get(target) ?? { tokens: 0, from: "provider" };
      spending.set(target, known);
      return known;
    };
    try {
      const attempted = await runAttempts<AskedEmbedder, Made>({
        targets: call.resolved.targets.map(prepare),
        async attempt(target, { signal, key }) {
          const deps = { egress, encoder, memory, countTexts, now: () => clock.now(), signal, key, spent: spentOn(target) };
          const noted = { name: target.name, key: target.keys === undefined ? undefined : key, kind: "embedding" as const };
          return { value: await noteAttempt(noted, call.evidence, () => makeVectors(call, target, deps)), status: 200 };
        },
        breakers,
        budgets,
        deadline,
        random,
        clock,
      });
      for (const { target, code } of attempted.attempts) if (isSkip(code)) noteSkipped(target, call.evidence, code);
      const costs = [...spending].map(([target, spent]) => costOf(usageOf(spent), rowOf(target, prices, clock.now())));
      const paid = { usage: usageOf(sum([...spending.values()])), cost: together(costs) };
      if (!attempted.ok) {
        call.onFailure?.(paid);
        throw attempted.error;
      }
      return { target: attempted.target.name, ...attempted.value, ...paid };
    } finally {
      deadline.end();
    }
  };
}

/** What nobody is paid for costs nothing, and that is known; prices of your own may say otherwise. */
const free: Omit<PriceRow, "provider" | "model"> = { from: "2020-01-01", currency: "USD", perMillion: { input: "0", output: "0" } };

export function rowOf({ provider, model }: Pick<Embedder, "provider" | "model">, prices: PriceTable, now: number): PriceRow | null {
  return prices.find(provider, model, now) ?? (provider === localProvider ? { ...free, provider, model } : null);
}

export function usageOf({ tokens, from }: Spent): Usage {
  return { input: tokens, output: 0, cachedInput: null, cacheWrite: null, reasoning: null, from };
}

function sum(spent: readonly Spent[]): Spent {
  return {
    tokens: spent.reduce<number | null>((total, { tokens }) => (total === null || tokens === null ? null : total + tokens), 0),
    from: spent.some(({ from }) => from === "tokenizer") ? "tokenizer" : "provider",
  };
}

function together(costs: readonly Cost[]): Cost {
  const [only] = costs;
  return costs.length === 1 && only !== undefined ? only : sumCosts(costs);
}
