import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AppError, Deadline, createManualClock, createRandom } from "../../core/index.ts";
import { createCircuitBreakers } from "./circuit-breaker.ts";
import { KeyRing } from "./key-ring.ts";
import { createRetryBudgets } from "./retry-budget.ts";
import { type AttemptContext, type Attempted, runAttempts } from "./run-attempts.ts";
import { Slots } from "./slots.ts";

const outcomes = ["whole", "stream", "broken stream", "forgotten stream", "400", "401", "429", "500", "gone"] as const;
type Outcome = (typeof outcomes)[number];

function refused(status: number): AppError {
  return new AppError("provider_failed", `status ${status}`, { details: { status } });
}

function openWorld(keys: number, most: number) {
  const clock = createManualClock(1_000_000);
  const random = createRandom(7);
  return {
    clock,
    random,
    ring: new KeyRing(keys, { clock, random }),
    slots: new Slots({ most, queue: 100, waitMs: 600_000 }),
    budgets: createRetryBudgets(),
    breakers: createCircuitBreakers(clock),
  };
}

type World = ReturnType<typeof openWorld>;

/** One call with keys and slots, whose tries end as told. */
async function callOnce(world: World, next: (context: AttemptContext) => Outcome, attempts = 2): Promise<void> {
  const { ring, slots } = world;
  const caller = new AbortController();
  const deadline = new Deadline(performance.now() + 5000, caller.signal);
  const end = Promise.withResolvers<void>();
  let forgotten = false;
  async function attempt(context: AttemptContext): Promise<Attempted<string>> {
    const outcome = next(context);
    await Promise.resolve();
    if (outcome === "gone") {
      caller.abort();
      throw new AppError("deadline_exceeded");
    }
    if (outcome.endsWith("stream")) {
      forgotten = outcome === "forgotten stream";
      if (outcome === "broken stream") end.reject(refused(500));
      if (outcome === "stream") end.resolve();
      return { value: "", status: 200, over: end.promise };
    }
    if (outcome !== "whole") throw refused(Number(outcome));
    return { value: "", status: 200 };
  }
  await runAttempts({
    ...world,
    targets: ["one", "two"].map((name) => ({ name, attempts, keys: { ring, order: null }, slots })),
    attempt: (_target, context) => attempt(context),
    deadline,
    backoff: { baseMs: 0, capMs: 0, patienceMs: 0 },
  });
  // Nobody ends such a stream; its time does.
  if (forgotten) deadline.expire();
  else deadline.end();
}

describe("a target with keys and slots", () => {
  test("has everything back once all calls are over, whatever happened in them", async () => {
    const plan = fc.array(fc.constantFrom(...outcomes), { minLength: 1, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(plan, fc.integer({ min: 2, max: 4 }), fc.integer({ min: 1, max: 3 }), async (planned, keys, most) => {
        const world = openWorld(keys, most);
        let index = 0;
        let mostSeen = 0;
        const next = () => {
          mostSeen = Math.max(mostSeen, world.slots.used);
          return planned[index++ % planned.length]!;
        };
        await Promise.all(Array.from({ length: 6 }, () => callOnce(world, next)));
        // A stream's end is told in a turn of its own.
        await new Promise((resolve) => setImmediate(resolve));
        expect(world.slots).toMatchObject({ used: 0, waiting: 0 });
        for (let place = 1; place <= keys; place++) expect(world.ring.load(place)).toBe(0);
        expect(mostSeen).toBeLessThanOrEqual(most);
      }),
      { numRuns: 60 },
    );
  });

  test("pays for a repetition from the budget of the key that failed, and for another key's try after a refusal from none", async () => {
    const world = openWorld(2, 10);
    const failing = (status: Outcome) => (context: AttemptContext) => (context.key === 1 ? status : "whole");
    for (let call = 0; call < 8; call++) await callOnce(world, failing("500"));
    const [first, second] = [1, 2].map((key) => world.budgets.of(`one key ${key}`).balance);
    expect(first).toBeLessThan(10);
    expect(second).toBe(10);
    await callOnce(world, failing("429"), 1);
    expect(world.budgets.of("one key 1").balance).toBeGreaterThanOrEqual(first!);
  });

  test("counts another key after a refusal as no try of its own", async () => {
    const world = openWorld(3, 10);
    const keys: number[] = [];
    await callOnce(
      world,
      ({ key }) => {
        keys.push(key);
        return keys.length < 3 ? "401" : "whole";
      },
      1,
    );
    expect(keys.toSorted()).toEqual([1, 2, 3]);
  });
});
