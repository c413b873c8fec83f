import { registerInternalQueue, wfQueueRunner } from "@dbos-inc/dbos-sdk/internal/wfqueue";
import { workflowTimeoutConfig } from "@dbos-inc/dbos-sdk/internal/workflow_management";

const rareMs = 60_000;
// The name DBOS gives its own queue; ours are all named, so nothing is ever put there.
const internalQueue = "_dbos_internal_queue";

/** From an enqueue in a transaction to its commit no more than 2 s pass. */
const askedForMs = 3_000;
const restMs = 3_000;

/**
 * Makes an idle engine idle. Once a second DBOS looks for delayed workflows, timed-out workflows, new queues and work on its
 * own queue: we use none of the first and last two, and our queues are known before the launch. On the embedded store
 * those looks were most of an idle process's CPU (4.7% of a core here, 1.3% of it our own queue).
 */
export function quietEngine(): void {
  workflowTimeoutConfig.pollingIntervalMs = rareMs;
  const runner = wfQueueRunner.constructor as unknown as { reconcileIntervalMs: number; transitionIntervalMs: number };
  runner.reconcileIntervalMs = rareMs;
  runner.transitionIntervalMs = rareMs;
  registerInternalQueue(internalQueue, { minPollingIntervalMs: rareMs });
}

/**
 * Queues of a store that no other process writes to: looked at as often as configured only after something was put there,
 * else every three seconds. Each look is four statements; at four looks a second they were half of an idle process's CPU.
 */
export function lookWhenAsked(): { ask(): void } {
  const runner = wfQueueRunner as unknown as { pollQueue(...input: [unknown, { name: string }]): Promise<boolean> };
  const look = (Object.getPrototypeOf(runner) as typeof runner).pollQueue;
  const lookedAt = new Map<string, number>();
  let askedUntil = 0;
  runner.pollQueue = async (executor, queue) => {
    const now = performance.now();
    if (now > askedUntil && now - (lookedAt.get(queue.name) ?? Number.NEGATIVE_INFINITY) < restMs) return false;
    lookedAt.set(queue.name, now);
    return look.call(runner, executor, queue);
  };
  return {
    ask: () => {
      askedUntil = performance.now() + askedForMs;
    },
  };
}
