import { DBOS, DBOSClient, type WorkflowStatus } from "@dbos-inc/dbos-sdk";
// The class `DBOS` no longer offers recovery by executor; its executor does.
import { DBOSExecutor } from "@dbos-inc/dbos-sdk/internal/dbos-executor";
import { AppError, type Context, type Logger } from "../core/index.ts";
import type { Sql, Tx } from "../storage/index.ts";
import { adaptLogger } from "./log-adapter.ts";
import { lookWhenAsked, quietEngine } from "./quiet-engine.ts";
import { prepareWorkflows, unusedUrl } from "./prepare-workflows.ts";
import { grantEnqueue } from "./repository.ts";
import { retryablePool } from "./retry-pool.ts";
import { type Envelope, runWorkflow } from "./run-workflow.ts";
import type { WorkflowName, WorkflowOptions, WorkflowRun } from "./types.ts";

// One application and one version for ever: recovery only looks at workflows of its own version, and ours say theirs in their names.
const application = "millrace";
const applicationVersion = "1";
const sharedQueue = "jobs";
/** How long a step that is told to stop may take to write down what it has. */
const drainMs = 500;

interface Definition {
  readonly name: WorkflowName;
  readonly run: (workflow: WorkflowRun, input: never) => Promise<unknown>;
  readonly options: WorkflowOptions;
}

export interface EngineDeps {
  readonly sql: Sql;
  readonly logger: Logger;
  readonly executorId: string;
  readonly pollMs: number;
}

/** DBOS behind a small seam. It is a singleton of the process: only one engine may be started at a time. */
export class Engine {
  readonly #deps: EngineDeps;
  readonly #definitions = new Map<string, Definition>();
  readonly #closing = new AbortController();
  readonly #closed = new AbortController();
  readonly #watchers = new Map<string, Set<AbortController>>();
  #client: DBOSClient | undefined;
  #ask: () => void = () => {};

  constructor(deps: EngineDeps) {
    this.#deps = deps;
  }

  define(definition: Definition): void {
    if (this.#client !== undefined)
      throw new AppError("internal", `The workflow ${definition.name} is defined after the start; define it before.`);
    if (this.#definitions.has(definition.name)) throw new AppError("internal", `The workflow ${definition.name} is defined twice.`);
    this.#definitions.set(definition.name, definition);
  }

  /** Opens the engine's tables (and makes them), and runs workflows if told to. */
  async start(options: { works: boolean }): Promise<void> {
    const { sql, logger, executorId, pollMs } = this.#deps;
    const pool = retryablePool(sql.owner.pool, this.#closed.signal) as never;
    // Tables and queues before the launch, so that the first look already finds every queue.
    const schema = await prepareWorkflows(sql, logger, pool);
    await grantEnqueue(sql, schema);
    this.#client = await DBOSClient.create({
      systemDatabaseUrl: unusedUrl,
      systemDatabasePool: pool,
      systemDatabaseSchemaName: schema,
      applicationName: application,
      logger: adaptLogger(logger),
    });
    await this.#client.registerQueue(sharedQueue, { minPollingIntervalMs: pollMs });
    for (const { name, options: own } of this.#definitions.values()) {
      if (own.concurrency !== undefined)
        await this.#client.registerQueue(this.#queueOf(name), { minPollingIntervalMs: pollMs, globalConcurrency: own.concurrency });
    }
    const runDeps = { closing: this.#closing.signal, watch: (workflowId: string) => this.#watch(workflowId) };
    for (const definition of this.#definitions.values()) {
      DBOS.registerWorkflow((envelope: Envelope) => runWorkflow<never, unknown>(runDeps, definition, envelope), {
        name: definition.name,
        maxRecoveryAttempts: 1000,
      });
    }
    DBOS.setConfig({
      name: application,
      applicationVersion,
      executorID: executorId,
      systemDatabaseUrl: unusedUrl,
      systemDatabasePool: pool,
      systemDatabaseSchemaName: schema,
      runMigrations: false,
      useListenNotify: true,
      // We have schedules of our own; the engine's table of them stays empty.
      schedulerPollingIntervalMs: 3_600_000,
      logger: adaptLogger(logger),
      ...(options.works ? {} : { listenQueues: [] }),
    });
    quietEngine();
    if (sql.store === "embedded") this.#ask = lookWhenAsked().ask;
    await DBOS.launch();
    this.#ask();
  }

  #queueOf(name: string): string {
    return this.#definitions.get(name)?.options.concurrency === undefined ? sharedQueue : `${sharedQueue}:${name}`;
  }

  #started(): DBOSClient {
    if (this.#client === undefined) throw new AppError("internal", "Jobs are used before their start.");
    return this.#client;
  }

  #enqueueOptions(workflowId: string, name: string, context: Context) {
    return {
      workflowID: workflowId,
      workflowName: name,
      queueName: this.#queueOf(name),
      appVersion: applicationVersion,
      authenticatedUser: context.principalId,
      attributes: { project: context.projectId },
    };
  }

  async enqueue(workflowId: string, name: WorkflowName, envelope: Envelope): Promise<void> {
    await this.#started().enqueue(this.#enqueueOptions(workflowId, name, envelope.context), envelope);
    this.#ask();
  }

  async enqueueIn(tx: Tx, workflowId: string, start: { name: WorkflowName; envelope: Envelope }): Promise<void> {
    await this.#started().enqueueInTransaction(
      tx.client as never,
      this.#enqueueOptions(workflowId, start.name, start.envelope.context),
      start.envelope,
    );
    this.#ask();
  }

  async status(workflowId: string): Promise<WorkflowStatus | undefined> {
    return this.#started().getWorkflow(workflowId);
  }

  list(input: Parameters<DBOSClient["listWorkflows"]>[0]): Promise<WorkflowStatus[]> {
    return this.#started().listWorkflows(input);
  }

  async steps(workflowId: string) {
    return (await this.#started().listWorkflowSteps(workflowId)) ?? [];
  }

  result<O>(workflowId: string): Promise<O> {
    return this.#started().retrieveWorkflow<O>(workflowId).getResult({ pollingIntervalMs: this.#deps.pollMs });
  }

  send(workflowId: string, topic: string, message: unknown): Promise<void> {
    return this.#started().send(workflowId, message, topic);
  }

  /** Idempotent. Steps that run here hear of it at once, others within a second. */
  async cancel(workflowId: string): Promise<void> {
    await this.#started().cancelWorkflow(workflowId);
    for (const controller of this.#watchers.get(workflowId) ?? [])
      controller.abort(new AppError("conflict", `The workflow ${workflowId} was cancelled.`));
  }

  /** Idempotent for one that is cancelled; nothing otherwise. */
  async resume(workflowId: string): Promise<void> {
    const status = await this.status(workflowId);
    if (status?.status === "CANCELLED") await this.#started().resumeWorkflow(workflowId, { queueName: this.#queueOf(status.workflowName) });
    this.#ask();
  }

  /** Puts a dead executor's unfinished workflows back on their queues. */
  async recover(executorId: string): Promise<number> {
    const recovered = await DBOSExecutor.globalInstance!.recoverPendingWorkflows([executorId]);
    this.#ask();
    return recovered.length;
  }

  #watch(workflowId: string): { signal: AbortSignal; release(): void } {
    const controller = new AbortController();
    let controllers = this.#watchers.get(workflowId);
    if (controllers === undefined) this.#watchers.set(workflowId, (controllers = new Set()));
    controllers.add(controller);
    return {
      signal: controller.signal,
      release: () => {
        controllers.delete(controller);
        if (controllers.size === 0) this.#watchers.delete(workflowId);
      },
    };
  }

  /** Aborts what runs, gives it a moment to write down what it has, and lets go. */
  async close(): Promise<void> {
    this.#closing.abort(new AppError("overloaded", "This process closes; another goes on with the workflow."));
    if (this.#client === undefined) return;
    const client = this.#client;
    this.#client = undefined;
    // A workflow that stops in the middle never settles, so with one of those the whole moment is waited for.
    await DBOS.shutdown({ deregister: true, workflowCompletionTimeoutMS: drainMs });
    await client.destroy();
    this.#closed.abort();
  }
}
