import type { Clock, Logger } from "../../core/index.ts";
import type { BudgetConfig, RedisConfig } from "./config.ts";
import type { Ledger } from "./ledger.ts";
import { type BudgetCount, listCounts } from "./list-counts.ts";
import { createMemoryLedger } from "./memory-ledger.ts";
import { type Meter, createMeter } from "./meter.ts";
import { createRedisConnection } from "./redis-connection.ts";
import { createRedisLedger } from "./redis-ledger.ts";
import { createSharedLedger } from "./shared-ledger.ts";

export { budgetsSchema, redisSchema } from "./config.ts";
export type { BudgetCount } from "./list-counts.ts";
export { createBudgetStage } from "./stage.ts";

/** Where counts are kept: in this process, in the store that nodes share, or in this process because that one is away. */
export type BudgetStore = "memory" | "shared" | "local";

export interface Budgets {
  /** For whatever spends. */
  readonly meter: Meter;
  list(projectId: string, limit: number): Promise<{ readonly store: BudgetStore; readonly items: BudgetCount[] }>;
  close(): void;
}

export interface BudgetsDeps {
  readonly budgets: readonly BudgetConfig[];
  readonly redis: RedisConfig | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

export function createBudgets({ budgets, redis, clock, logger }: BudgetsDeps): Budgets {
  const { ledger, store, close } = openLedger(redis, clock, logger);
  return {
    meter: createMeter({ budgets, ledger, clock }),
    async list(projectId, limit) {
      const items = await listCounts(projectId, limit, { budgets, ledger, clock });
      return { store: store(), items };
    },
    close,
  };
}

function openLedger(
  redis: RedisConfig | undefined,
  clock: Clock,
  logger: Logger,
): { ledger: Ledger; store: () => BudgetStore; close: () => void } {
  const local = createMemoryLedger({ clock });
  if (redis === undefined) return { ledger: local, store: () => "memory", close: () => {} };
  const connection = createRedisConnection({ url: redis.url, timeoutMs: redis.timeoutMs, logger });
  const shared = createRedisLedger({ connection, prefix: redis.prefix });
  const ledger = createSharedLedger({ shared, local, localShare: redis.localShare });
  return { ledger, store: () => (ledger.isAway ? "local" : "shared"), close: () => connection.close() };
}
