import type { eventSchema, Node, scheduleSchema, Workflow, WorkflowDetail } from "@millrace/contract";
import type { z } from "zod";
import type { Clock, Context, Logger } from "../core/index.ts";
import type { AuditChange } from "../governance/index.ts";
import type { Sql, Tx } from "../storage/index.ts";
import type { JobsConfig } from "./config.ts";

/** `<module>.<name>@<n>`: a change of steps is a new n; the old code stays until none of its workflows is open. */
export type WorkflowName = `${string}.${string}@${number}`;

/** What one attempt of one step is given. */
export interface StepRun {
  readonly workflowId: string;
  readonly step: string;
  /** Aborts when the workflow is cancelled or this process closes. */
  readonly signal: AbortSignal;
  /**
   * Runs an effect at most once for this step: its row in `jobs_effects` goes into the caller's transaction, so both
   * happen or neither. A repeat runs nothing and answers the stored result (as JSON). One `once` a step.
   */
  once<T>(tx: Tx, run: () => Promise<T>): Promise<T>;
}

export interface StepOptions {
  /** Times to try when it throws something operational; default 1. Waits 1 s, 2 s, 4 s... between. */
  readonly attempts?: number;
}

/** One execution of a workflow. Outside its steps the code must be deterministic: no clock, no randomness, no reading. */
export interface WorkflowRun {
  readonly workflowId: string;
  /** Who started it, and in which project. */
  readonly context: Context;
  /** Aborts when the workflow is cancelled or this process closes. */
  readonly signal: AbortSignal;
  /** At least once: a step cut by a crash runs again. Its result, as JSON, is recorded and replayed after a restart. */
  step<T>(name: string, run: (step: StepRun) => Promise<T>, options?: StepOptions): Promise<T>;
  /** Durable: a restart waits only for what is left. */
  sleep(ms: number): Promise<void>;
  /** The next message sent to this topic; null after the timeout. Durable. */
  waitFor<T>(topic: string, timeoutMs: number): Promise<T | null>;
}

export interface WorkflowOptions {
  /** How many of this workflow may run at once over all nodes; default no bound. */
  readonly concurrency?: number;
}

export interface StartOptions {
  /** The same id twice is a no-op. */
  readonly workflowId?: string;
}

export interface NewEvent {
  /** `<module>.<what-happened>`, for example `monitoring.alert-opened`. */
  readonly type: string;
  /** What it happened to: a name or an id. */
  readonly subject: string;
  readonly payload: unknown;
}

/** The input of a workflow that an event starts. */
export interface EventInput<P = unknown> {
  readonly id: string;
  readonly type: string;
  readonly subject: string;
  /** ISO 8601. */
  readonly at: string;
  readonly payload: P;
}

export type Event = z.infer<typeof eventSchema>;
export type Schedule = z.infer<typeof scheduleSchema>;

export interface WorkflowsQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly name?: string | undefined;
  readonly status?: Workflow["status"] | undefined;
}

export interface Page<T> {
  readonly items: T[];
  /** The cursor of the following page; null at the end. */
  readonly next: string | null;
}

/** `up` does everything, `serve` only enqueues and answers requests, `work` runs what is enqueued. */
export type Role = Node["role"];

/** Durable work: workflows, schedules, events, nodes. One a process: DBOS below it is a singleton. */
export interface Jobs {
  /** Before `start()`. The same name twice is a bug. */
  defineWorkflow<I, O>(name: WorkflowName, run: (workflow: WorkflowRun, input: I) => Promise<O>, options?: WorkflowOptions): void;
  /** Enqueues it now. Not inside a transaction: there use `startWorkflowIn`. */
  startWorkflow(context: Context, name: WorkflowName, input: unknown, options?: StartOptions): Promise<{ workflowId: string }>;
  /** Enqueues it in the caller's transaction, for the transaction's project and principal: on commit it runs, on rollback it did not. */
  startWorkflowIn(tx: Tx, name: WorkflowName, input: unknown, options?: StartOptions): Promise<{ workflowId: string }>;
  /** Waits for its end: its output, or throws what it threw (an `AppError` stays one). `unknown_workflow`. */
  result<O>(workflowId: string): Promise<O>;
  /** Sends a message to a workflow's `waitFor`; kept until it asks. `unknown_workflow`. */
  signalWorkflow(context: Context, workflowId: string, topic: string, message: unknown): Promise<void>;
  /** Before `start()`. Runs on one node at a time (a lease), and on another when that one dies. A run that throws is logged, the next one comes. */
  defineSchedule(name: string, everyMs: number, run: (context: Context) => Promise<void>): void;
  /** Before `start()`, and on every node that emits. The workflow's input is an `EventInput`. */
  subscribe(eventType: string, subscriber: string, workflow: WorkflowName): void;
  /** The event's row and one workflow a subscriber, `<event id>:<subscriber>`, in the caller's transaction. */
  emit(tx: Tx, event: NewEvent): Promise<void>;

  /** Newest first, those of one millisecond by id. Pages neither skip nor repeat while others start. */
  list(context: Context, query: WorkflowsQuery): Promise<Page<Workflow>>;
  /** `unknown_workflow`. */
  get(context: Context, workflowId: string): Promise<WorkflowDetail>;
  /** Its running step's signal aborts; steps that ended keep their effects. `conflict` once it has ended. */
  cancel(context: Context, workflowId: string): Promise<Workflow>;
  /** Goes on where a cancelled workflow stopped. `conflict` unless it is cancelled. */
  resume(context: Context, workflowId: string): Promise<Workflow>;
  nodes(): Promise<Node[]>;
  schedules(): Promise<Schedule[]>;
  /** Newest first. */
  events(context: Context, page: { readonly limit: number; readonly cursor?: string | undefined }): Promise<Page<Event>>;

  /** What this node tells the others with its heartbeat; written at once. */
  setNodeStatus(status: { readonly readyBindings: readonly string[] }): Promise<void>;
  /** Registers the node, recovers what a dead one left (roles that work), begins to run. */
  start(role: Role): Promise<void>;
  /** Stops taking work, aborts the running steps' signals, leaves what is unfinished for the next node. */
  close(): Promise<void>;
}

export interface JobsDeps {
  readonly sql: Sql;
  /** Governance's `audit`. */
  readonly audit: (tx: Tx, change: AuditChange) => Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly config: JobsConfig;
  /** The node's name, the same at every start. */
  readonly nodeId: string;
  /** This process, never the same twice; made here if it is not given. */
  readonly processId?: string;
  readonly configHash: string;
  /** The program's version. */
  readonly version: string;
}
