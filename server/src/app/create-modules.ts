import { join } from "node:path";
import { type Clock, type Egress, type Logger, createEgress } from "../core/index.ts";
import { type Data, createData } from "../data/index.ts";
import { type Evaluation, createEvaluation } from "../evaluation/index.ts";
import { type FeedbackService, createFeedback, createFeedbackSeals, defineSealSchedule } from "../feedback/index.ts";
import {
  type Archive,
  type Batches,
  type Functions,
  createArchive,
  createBatches,
  createFunctions,
  defineArchiveSchedules,
} from "../functions/index.ts";
import { type Gateway, createGateway } from "../gateway/index.ts";
import { type Governance, type SealedEvidence, createGovernance } from "../governance/index.ts";
import { type Jobs, createJobs, defineRowRetention } from "../jobs/index.ts";
import { type Models, createModels } from "../models/index.ts";
import { type Monitoring, createMonitoring } from "../monitoring/index.ts";
import { type Release, createRelease } from "../release/index.ts";
import type { Drain } from "../storage/index.ts";
import type { LoadedConfig } from "./load-config.ts";
import type { Stores } from "./open-stores.ts";
import { waitAtMost } from "./wait-at-most.ts";
import { readReference } from "./read-reference.ts";

export interface Modules {
  readonly egress: Egress;
  readonly governance: Governance;
  readonly jobs: Jobs;
  readonly data: Data;
  readonly models: Models;
  readonly gateway: Gateway;
  readonly functions: Functions;
  readonly archive: Archive;
  readonly batches: Batches;
  readonly feedback: FeedbackService;
  readonly monitoring: Monitoring;
  readonly evaluation: Evaluation;
  readonly release: Release;
}

export interface ModulesDeps {
  readonly stores: Stores;
  readonly loaded: LoadedConfig;
  readonly dataFolder: string;
  /** The node's name, and this process's own id. */
  readonly nodeId: string;
  readonly processId?: string;
  readonly version: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The drain starts after the modules, whose sinks it fills. */
  readonly drain: () => Drain | undefined;
  /** Told how to close what holds something, as soon as it is there: what is made after it may fail. */
  readonly opened: (close: () => Promise<void>) => void;
}

/** Makes every module, lowest first; what must call upward gets a function that is asked at use. */
export function createModules(deps: ModulesDeps): Modules {
  const { stores, loaded, dataFolder, clock, logger } = deps;
  const { config, hash: configHash } = loaded;
  const { sql, hotState, journal, counters, blobs, lake } = stores;
  const sealed: SealedEvidence[] = [];
  const egress = createEgress({ config: config.egress, logger });
  deps.opened(() => egress.close());
  const governance = createGovernance({
    sql,
    hotState,
    config: config.governance,
    clock,
    logger,
    dataFolder,
    egress,
    sealed: () => sealed,
  });
  const { audit } = governance;
  const processId = deps.processId === undefined ? {} : { processId: deps.processId };
  const jobs = createJobs({
    sql,
    audit,
    clock,
    logger,
    config: config.jobs,
    nodeId: deps.nodeId,
    ...processId,
    configHash,
    version: deps.version,
  });
  defineRowRetention(jobs, { sql, clock, logger, config: config.jobs });
  const scratchFolder = join(dataFolder, "scratch");
  const data = createData({ sql, blobs, lake, jobs, audit, clock, egress, config: config.data, scratchFolder });
  const models = createModels({ sql, blobs, jobs, data, audit, logger, config: config.models, version: deps.version, scratchFolder });
  deps.opened(() => models.close());
  const { retention } = config.storage;
  const archive = createArchive({ sql, lake, lakeFolder: join(dataFolder, "lake"), scratchFolder, governance, clock, logger, retention });
  defineArchiveSchedules(jobs, archive);
  const feedbackSeals = createFeedbackSeals({ sql, seals: governance.seals, clock });
  defineSealSchedule(jobs, feedbackSeals);
  sealed.push(archive, feedbackSeals);
  const gateway = createGateway({
    config: config.gateway,
    egress,
    clock,
    logger,
    cacheFolder: join(dataFolder, "cache"),
    audit: (context, change) => sql.as(context, (tx) => audit(tx, change)),
  });
  deps.opened(async () => gateway.close());
  let feedback: FeedbackService | undefined;
  const functions = createFunctions({
    definitions: config.functions,
    sql,
    hotState,
    journal,
    counters,
    governance,
    models,
    gateway,
    archive,
    feedback: () => feedback,
    demonstrations: () => feedback,
    batches: () => batches,
    onReadyBindings: (readyBindings) => jobs.setNodeStatus({ readyBindings }),
    sourceHash: loaded.sourceHash,
    configHash,
    node: deps.nodeId,
    ...(deps.processId === undefined ? {} : { process: deps.processId }),
    drains: config.storage.drain,
    clock,
    logger,
  });
  const batches = createBatches({
    sql,
    blobs,
    lake,
    jobs,
    data,
    governance,
    functions,
    gateway,
    config: config.batches,
    clock,
    logger,
    scratchFolder,
  });
  feedback = createFeedback({
    sql,
    blobs,
    lake,
    jobs,
    data,
    functions,
    audit,
    settle: (maxMs) => settleEvidence(deps, maxMs),
    clock,
    scratchFolder,
  });
  const monitoring = createMonitoring({
    sql,
    jobs,
    functions,
    audit,
    clock,
    logger,
    reference: { ofBinding: (context, binding) => readReference(context, binding, { functions, models, data, lake }) },
  });
  const evaluation = createEvaluation({ sql, jobs, data, models, functions, lake, audit, clock, logger });
  const release = createRelease({ sql, jobs, data, models, functions, feedback, evaluation, monitoring, audit, clock, logger });
  return { egress, governance, jobs, data, models, gateway, functions, archive, batches, feedback, monitoring, evaluation, release };
}

/** Waits until what was accepted before is in the tables, or for as long as told. */
async function settleEvidence({ drain }: ModulesDeps, maxMs: number): Promise<"complete" | "partial"> {
  const running = drain();
  return running !== undefined && (await waitAtMost(running.idle(), maxMs)) ? "complete" : "partial";
}
