import { AppError, type Clock } from "../../core/index.ts";
import type { SharedStore } from "../shared-store/open.ts";
import type { Scores } from "./scores.ts";

/** So long what a node was told of a principal is good enough: one question a second, however many its calls. */
const goodForMs = 1000;
const mostLooks = 50_000;

export interface SharedScoresDeps {
  /** What this node knows; the store only raises it. */
  readonly local: Scores;
  readonly store: SharedStore;
  readonly clock: Clock;
  readonly halfLifeMs: number;
  readonly most: number;
  readonly whenStoreIsAway: "refuse" | "local";
}

export interface SharedScores extends Scores {
  /** Hears of the other nodes. Throws `abuse_unavailable` where they cannot be heard and that was to be refused. */
  look(name: string): Promise<void>;
}

/** Scores of several nodes: each adds to its own and to the store's, and knows the higher of both. */
export function createSharedScores({ local, store, clock, ...rules }: SharedScoresDeps): SharedScores {
  const { halfLifeMs, most, whenStoreIsAway } = rules;
  const looks = new Map<string, { readonly at: number; readonly told: Promise<void> }>();

  async function tell(name: string, amount: number): Promise<void> {
    const answer = await store.connection.run(scoreScript, [`${store.prefix}:abuse:${name}`], [amount, halfLifeMs, most]);
    local.raise(name, Number(answer));
  }

  return {
    of: local.of,
    raise: local.raise,
    msUntilBelow: local.msUntilBelow,
    add(name, amount) {
      if (amount === 0) return;
      local.add(name, amount);
      // What the store does not hear counts on this node alone.
      tell(name, amount).catch(() => {});
    },
    async look(name) {
      const last = looks.get(name);
      const isNew = last !== undefined && Math.abs(clock.now() - last.at) < goodForMs;
      const told = isNew ? last.told : tell(name, 0);
      if (!isNew) {
        looks.delete(name);
        if (looks.size >= mostLooks) looks.delete(looks.keys().next().value!);
        looks.set(name, { at: clock.now(), told });
      }
      try {
        await told;
      } catch (cause) {
        if (whenStoreIsAway === "refuse") throw storeIsAway(cause);
      }
    },
  };
}

function storeIsAway(cause: unknown): AppError {
  return new AppError(
    "abuse_unavailable",
    'Whether this principal is blocked is not known: the store of the scores (gateway.redis) cannot be reached, and gateway.abuse says whenStoreIsAway: "refuse".',
    { cause, details: { retryAfterSeconds: 1 } },
  );
}

/** Key: the score of one principal. Arguments: what is added, its half-life, the most it may be. Answers what it is, by the store's own clock. */
const scoreScript = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local amount, halfLifeMs, most = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local score = redis.call('HMGET', KEYS[1], 'value', 'at')
local value = 0
if score[1] then value = tonumber(score[1]) * 0.5 ^ (math.max(0, now - tonumber(score[2])) / halfLifeMs) end
if amount > 0 then
  value = math.min(most, value + amount)
  redis.call('HSET', KEYS[1], 'value', string.format('%.6f', value), 'at', string.format('%.0f', now))
  redis.call('PEXPIRE', KEYS[1], math.ceil(halfLifeMs * 20))
end
return string.format('%.6f', value)
`;
