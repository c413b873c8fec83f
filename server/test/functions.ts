import { join } from "node:path";
import type { InferResponse } from "@millrace/contract";
import { afterAll, afterEach, beforeAll } from "vitest";
import { z } from "zod";
import {
  type Clock,
  type Context,
  createEgress,
  createId,
  defaultProjectId,
  egressConfigSchema,
  silentLogger,
  systemClock,
} from "../src/core/index.ts";
import {
  type Batches,
  type DemonstrationsPort,
  type FeedbackPort,
  type FunctionDefinition,
  type Functions,
  type InferCall,
  type ModelReference,
  type ModelsPort,
  type Prediction,
  compose,
  createArchive,
  createFunctions,
  createSinks,
  defineFunction,
  model,
  rules,
} from "../src/functions/index.ts";
import type { Gateway } from "../src/gateway/index.ts";
import { type Governance, type Principal, configSchema, createGovernance } from "../src/governance/index.ts";
import {
  type Drain,
  type HotState,
  type Journal,
  createCarrier,
  createDrain,
  createHotState,
  createJournal,
  createLakeInTask,
  createMemoryCounters,
} from "../src/storage/index.ts";
import { type TestStore, createTestStore } from "./store.ts";

export interface Mail {
  subject: string;
  body: string;
}

export const mailSheet = {
  owner: "mail team",
  purpose: { objective: "Sort mail", decision: "Which folder", errors: [{ error: "ham as spam", cost: "a lost message" }] },
  boundary: "May label a message, may not delete one.",
  input: z.object({ subject: z.string(), body: z.string() }),
  output: z.object({ label: z.enum(["ham", "spam"]), confidence: z.number().min(0).max(1) }),
  latencyBudgetMs: 200,
};

export function triageMail(overrides: Partial<typeof mailSheet> = {}): FunctionDefinition {
  return defineFunction({
    ...mailSheet,
    ...overrides,
    name: "triage-mail",
    maxBodyBytes: 64 * 1024,
    variants: {
      learned: model({ model: "triage-mail" }),
      rules: rules((input: Mail) => ({ label: input.subject.includes("$") ? "spam" : "ham", confidence: 0.6 })),
      both: compose({ cascade: ["rules", "learned"], minimumConfidence: 0.8 }),
    },
    fallback: ["learned", "rules"],
  });
}

/** Models in memory whose versions appear, fail, hang and load when a test says so. */
export function fakeModels(): ModelsPort & {
  readonly versions: Map<string, number[]>;
  readonly loaded: ModelReference[];
  predict: ModelsPort["predict"];
  load: ModelsPort["load"];
} {
  const versions = new Map<string, number[]>();
  const loaded: ModelReference[] = [];
  return {
    versions,
    loaded,
    async resolve(_context, input) {
      const known = versions.get(input.model) ?? [];
      const version = input.version ?? known[0];
      return version === undefined || !known.includes(version)
        ? null
        : { model: input.model, version, hash: String(version).padStart(64, "0") };
    },
    async load(_context, reference) {
      loaded.push(reference);
    },
    async predict(_context, reference): Promise<Prediction> {
      return { label: reference.version % 2 === 1 ? "spam" : "ham", confidence: 0.9, probabilities: { spam: 0.9, ham: 0.1 } };
    },
  };
}

export interface TestFunctionsOptions {
  readonly store?: TestStore;
  readonly definitions?: readonly FunctionDefinition[];
  readonly models?: ModelsPort;
  readonly gateway?: Gateway;
  readonly clock?: Clock;
  readonly feedback?: FeedbackPort;
  readonly demonstrations?: DemonstrationsPort;
  readonly batches?: Pick<Batches, "eraseRow">;
  readonly node?: string;
  /** Default `journal`, within the store's data folder. */
  readonly journalFolder?: string;
  readonly sourceHash?: string;
  /** Stands for the journal, to fail on purpose. */
  readonly wrapJournal?: (journal: Journal) => Journal;
  readonly onReadyBindings?: (hashes: readonly string[]) => Promise<void>;
}

export interface TestFunctions {
  readonly store: TestStore;
  readonly functions: Functions;
  readonly governance: Governance;
  readonly journal: Journal;
  readonly drain: Drain;
  readonly hotState: HotState;
  /** Everything accepted so far is in SQL. */
  stored(): Promise<void>;
  close(): Promise<void>;
}

/** Functions over a real store, journal, drain and governance. */
export async function openTestFunctions(options: TestFunctionsOptions = {}): Promise<TestFunctions> {
  const store = options.store ?? (await createTestStore());
  const clock = options.clock ?? systemClock;
  const logger = silentLogger;
  const node = options.node ?? "node";
  const hotState = createHotState({ sql: store.sql, clock, logger });
  const journal = await createJournal({ folder: join(store.dataFolder, options.journalFolder ?? "journal"), node, clock, logger });
  const governance = createGovernance({
    sql: store.sql,
    hotState,
    config: configSchema.parse(undefined),
    clock,
    logger,
    dataFolder: store.dataFolder,
    egress: createEgress({ config: egressConfigSchema.parse(undefined), logger }),
  });
  await hotState.start();
  const functions = createFunctions({
    definitions: options.definitions ?? [triageMail()],
    sql: store.sql,
    hotState,
    journal: options.wrapJournal?.(journal) ?? journal,
    counters: createMemoryCounters({ clock }),
    governance,
    models: options.models ?? fakeModels(),
    gateway: options.gateway,
    archive: createArchive({
      sql: store.sql,
      lake: createLakeInTask({ scratchFolder: join(store.dataFolder, "scratch") }),
      lakeFolder: join(store.dataFolder, "lake"),
      scratchFolder: join(store.dataFolder, "scratch"),
      governance,
      clock,
      logger,
      retention: { bodiesDays: 30, listsMonths: 13 },
    }),
    ...(options.feedback === undefined ? {} : { feedback: () => options.feedback }),
    ...(options.demonstrations === undefined ? {} : { demonstrations: () => options.demonstrations }),
    batches: () => options.batches,
    ...(options.onReadyBindings === undefined ? {} : { onReadyBindings: options.onReadyBindings }),
    sourceHash: options.sourceHash ?? "source",
    configHash: "config",
    node,
    clock,
    logger,
  });
  let closed = false;
  const drain = createDrain({ journal, carrier: createCarrier({ sql: store.sql, sinks: createSinks(logger) }), config: { lingerMs: 1 } });
  await functions.start();
  return {
    store,
    functions,
    governance,
    journal,
    drain,
    hotState,
    stored: () => drain.idle(),
    async close() {
      if (closed) return;
      closed = true;
      await functions.close();
      await drain.close();
      await journal.close();
      await governance.close();
      await hotState.close();
      if (options.store === undefined) await store.close();
    },
  };
}

/** Forgets what a test left in a store that the next one uses. */
export async function clearFunctions(store: TestStore): Promise<void> {
  const truncate =
    "truncate functions_bindings, functions_arms, functions_inferences, functions_inference_bodies, functions_shadows, functions_idempotency, governance_audit, governance_switches, governance_keys";
  for (let tries = 1; ; tries++) {
    try {
      await store.sql.owner.query(truncate);
      return;
    } catch (error) {
      // All these tables at once, while the last reader of a few of them ends: PostgreSQL may choose us to give way.
      if ((error as { code?: string }).code !== "40P01" || tries === 3) throw error;
    }
  }
}

/** One store for a test file; every test starts what it needs over it and leaves nothing behind. */
export function useFunctions(): { readonly store: TestStore; start(options?: TestFunctionsOptions): Promise<TestFunctions> } {
  const opened: TestFunctions[] = [];
  let store: TestStore | undefined;
  beforeAll(async () => {
    store = await createTestStore();
  });
  afterEach(async () => {
    for (const running of opened.splice(0)) await running.close();
    await clearFunctions(store!);
  });
  afterAll(() => store!.close());
  return {
    get store() {
      return store!;
    },
    async start(options = {}) {
      const running = await openTestFunctions({ store: store!, journalFolder: createId(), ...options });
      opened.push(running);
      return running;
    },
  };
}

/** One answer, parsed. */
export async function ask(running: TestFunctions, more: Partial<InferCall> = {}): Promise<InferResponse> {
  const call = { caller: alice, function: "triage-mail", input: { subject: "Win $$$", body: "now" }, ...more };
  return JSON.parse((await running.functions.infer(call)).body) as InferResponse;
}

export const alice: Context & { principalName: string } = {
  projectId: defaultProjectId,
  principalId: "key:alice:000000000001",
  principalName: "alice",
};

/** A principal with these permissions, as authentication would answer it. */
export function principalWith(
  permissions: Principal["permissions"] extends ReadonlySet<infer P> ? P[] : never,
  overrides: Partial<Principal> = {},
): Principal {
  return {
    id: alice.principalId,
    projectId: defaultProjectId,
    kind: "key",
    name: "alice",
    permissions: new Set(permissions),
    functions: null,
    limit: null,
    ...overrides,
  };
}
