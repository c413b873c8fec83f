import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type TestStore, createTestStore } from "../../test/store.ts";
import { type Clock, createEgress, egressConfigSchema, type Logger, silentLogger, systemClock } from "../core/index.ts";
import { createHotState } from "../storage/index.ts";
import { type GovernanceConfig, configSchema } from "./config.ts";
import { createGovernance } from "./create.ts";
import type { Governance } from "./types.ts";

export interface TestGovernance {
  readonly store: TestStore;
  readonly governance: Governance;
  readonly dataFolder: string;
  /** Another node over the same store, with its own memory; `config` for one configured differently. */
  addNode(config?: unknown): Promise<{ governance: Governance; refresh(): Promise<void> }>;
  close(): Promise<void>;
}

/** The module over a real store. The sequencer runs only when a test says so. */
export async function openTestGovernance(
  options: { config?: unknown; clock?: Clock; logger?: Logger; egress?: unknown } = {},
): Promise<TestGovernance> {
  const store = await createTestStore();
  const dataFolder = join(store.dataFolder, "data");
  mkdirSync(dataFolder);
  const config: GovernanceConfig = configSchema.parse(options.config);
  const logger = options.logger ?? silentLogger;
  const egress = createEgress({ config: egressConfigSchema.parse(options.egress), logger });
  const common = { sql: store.sql, config, clock: options.clock ?? systemClock, logger, dataFolder, egress };
  const governance = createGovernance({ ...common, hotState: store.hotState });
  await store.hotState.start();
  const closers: (() => Promise<void>)[] = [];

  async function addNode(ownConfig?: unknown) {
    const hotState = createHotState({ sql: store.sql, clock: systemClock, logger: silentLogger });
    const node = createGovernance({ ...common, hotState, ...(ownConfig === undefined ? {} : { config: configSchema.parse(ownConfig) }) });
    await hotState.start();
    closers.push(async () => {
      await node.close();
      await hotState.close();
    });
    return { governance: node, refresh: () => hotState.refresh() };
  }

  return {
    store,
    governance,
    dataFolder,
    addNode,
    close: async () => {
      for (const close of closers) await close();
      await governance.close();
      await egress.close();
      await store.close();
    },
  };
}
