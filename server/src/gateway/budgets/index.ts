import type { Clock } from "../../core/index.ts";
import type { SharedStore } from "../shared-store/open.ts";
import type { BudgetConfig } from "./config.ts";
import type { Ledger } from "./ledger.ts";
import { type BudgetCount, listCounts } from "./list-counts.ts";
import { createMemoryLedger } from "./memory-ledger.ts";
import { type Meter, createMeter } from "./meter.ts";
import { createRedisLedger } from "./redis-ledger.ts";
import { createSharedLedger } from "./shared-ledger.ts";

export { budgetsSchema } from "./config.ts";
export type { BudgetCount } from "./list-counts.ts";
export { createBudgetStage } from "./stage.ts";

/** Where counts are kept: in this process, in the store that nodes share, or in this process because that one is away. */
export type BudgetStore = "memory" | "shared" | "local";

export interface Budgets {
  /** For whatever spends. */
  readonly meter: Meter;
  list(projectId: string, limit: number): Promise<{ readonly store: BudgetStore; readonly items: BudgetCount[] }>;
}

export interface BudgetsDeps {
  readonly budgets: readonly BudgetConfig[];
  /** Absent: this node counts by itself. */
  readonly store: SharedStore | undefined;
  readonly clock: Clock;
}

export function createBudgets({ budgets, store, clock }: BudgetsDeps): Budgets {
  const { ledger, state } = openLedger(store, clock);
  return {
    meter: createMeter({ budgets, ledger, clock }),
    async list(projectId, limit) {
      const items = await listCounts(projectId, limit, { budgets, ledger, clock });
      return { store: state(), items };
    },
  };
}

function openLedger(store: SharedStore | undefined, clock: Clock): { ledger: Ledger; state: () => BudgetStore } {
  const local = createMemoryLedger({ clock });
  if (store === undefined) return { ledger: local, state: () => "memory" };
  const { connection, prefix, localShare } = store;
  const ledger = createSharedLedger({ shared: createRedisLedger({ connection, prefix }), local, localShare });
  return { ledger, state: () => (ledger.isAway ? "local" : "shared") };
}
