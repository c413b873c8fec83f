import { AppError, Deadline, createRandom, systemClock } from "../../core/index.ts";
import { type SendWorld, openSendWorld } from "../exchange/test-send.ts";
import type { SendClocks } from "../exchange/types.ts";
import { retryAfterMs } from "./backoff.ts";
import { createCircuitBreakers } from "./circuit-breaker.ts";
import { createRetryBudgets } from "./retry-budget.ts";
import { type AttemptContext, type AttemptTarget, type AttemptsResult, type RunAttempts, runAttempts } from "./run-attempts.ts";

export interface AttemptsWorld extends SendWorld {
  /** Asks the models in their order, twice each unless told otherwise; the value is the text of the answer. */
  run(models: readonly string[], given?: GivenRun): Promise<AttemptsResult<AttemptTarget, string>>;
}

export interface GivenRun extends Partial<Omit<RunAttempts<AttemptTarget, string>, "targets">> {
  readonly tries?: number;
  readonly clocks?: Partial<SendClocks>;
  /** Called with each piece of an answer, which it then has left with. */
  readonly onChunk?: (chunk: Uint8Array) => void;
}

/** Everything between a request and a scripted provider, as the gateway puts it together. */
export async function openAttemptsWorld(): Promise<AttemptsWorld> {
  const world = await openSendWorld();
  const shared = {
    budgets: createRetryBudgets(),
    breakers: createCircuitBreakers(systemClock),
    random: createRandom(1),
    clock: systemClock,
    backoff: { baseMs: 2, capMs: 10, patienceMs: 5000 },
  };

  async function ask({ name }: AttemptTarget, { signal, commit }: AttemptContext, { clocks, onChunk }: GivenRun) {
    const reply = await world.send(name, { signal, clocks });
    if (reply.status > 299) {
      const retryAfter = retryAfterMs(reply.headers["retry-after"], systemClock.now());
      const code = reply.status < 500 && reply.status !== 429 ? "provider_refused" : "provider_failed";
      throw new AppError(code, `status ${reply.status}`, { details: { status: reply.status, retryAfterMs: retryAfter } });
    }
    if (reply.kind === "whole") return { value: Buffer.from(reply.bytes).toString(), status: reply.status };
    let value = "";
    for await (const chunk of reply.chunks) {
      value += Buffer.from(chunk).toString();
      if (onChunk !== undefined) commit();
      onChunk?.(chunk);
    }
    return { value, status: reply.status };
  }

  return {
    ...world,
    run: (models, given = {}) =>
      runAttempts({
        ...shared,
        deadline: new Deadline(Number.POSITIVE_INFINITY),
        attempt: (target, context) => ask(target, context, given),
        ...given,
        targets: models.map((name) => ({ name, attempts: given.tries ?? 2 })),
      }),
  };
}
