import type { WorkflowDetail } from "@millrace/contract";
import { AppError, type Context, createId } from "../core/index.ts";
import { applyOpenIntents, changeWorkflow, readWorkflow } from "./change-workflow.ts";
import { Engine } from "./engine.ts";
import { NodeKeeper } from "./keep-node.ts";
import { listWorkflows } from "./list-workflows.ts";
import { insertEvent, listEvents, listNodes, listSchedules } from "./repository.ts";
import { ScheduleRunner } from "./run-schedules.ts";
import { executorIdOf, reviveError, toStep } from "./to-wire.ts";
import type { EventInput, Jobs, JobsDeps, WorkflowName } from "./types.ts";

interface Subscription {
  readonly subscriber: string;
  readonly workflow: WorkflowName;
}

/** Durable work on the SQL store. See the README for its promises. */
export function createJobs(deps: JobsDeps): Jobs {
  const { sql, clock, logger, config } = deps;
  // Fresh for each process: two processes with one executor id run each other's live steps.
  const executorId = executorIdOf(deps.nodeId, deps.processId ?? createId(clock));
  const engine = new Engine({ sql, logger, executorId, pollMs: config.pollMs });
  const change = { sql, clock, audit: deps.audit, engine };
  const subscriptions = new Map<string, Subscription[]>();
  const keeper = new NodeKeeper({
    sql,
    logger,
    config,
    executorId,
    node: { nodeId: deps.nodeId, configHash: deps.configHash, version: deps.version },
    recover: (deadId) => engine.recover(deadId),
    takeScheduleRuns: () => schedules.takeRuns(),
    lead: () => applyOpenIntents(change),
  });
  const schedules = new ScheduleRunner({ clock, logger, leads: () => keeper.leads() });

  function subscribersOf(type: string): readonly Subscription[] {
    return subscriptions.get(type) ?? [];
  }

  return {
    defineWorkflow: (name, run, options = {}) => engine.define({ name, run: run, options }),

    async startWorkflow(context, name, input, options = {}) {
      const workflowId = options.workflowId ?? createId(clock);
      await engine.enqueue(workflowId, name, { context: travelling(context), input });
      return { workflowId };
    },

    async startWorkflowIn(tx, name, input, options = {}) {
      const workflowId = options.workflowId ?? createId(clock);
      await engine.enqueueIn(tx, workflowId, { name, envelope: { context: ownerOf(tx, name), input } });
      return { workflowId };
    },

    async result<O>(workflowId: string): Promise<O> {
      if ((await engine.status(workflowId)) === undefined) throw unknown(workflowId);
      try {
        return await engine.result<O>(workflowId);
      } catch (error) {
        throw reviveError(error);
      }
    },

    async signalWorkflow(context, workflowId, topic, message) {
      await readWorkflow(engine, context, workflowId);
      await engine.send(workflowId, topic, message);
    },

    defineSchedule: (name, everyMs, run) => schedules.define(name, everyMs, run),

    subscribe(eventType, subscriber, workflow) {
      const known = subscribersOf(eventType);
      if (known.some((each) => each.subscriber === subscriber))
        throw new AppError("internal", `${subscriber} subscribes to ${eventType} twice.`);
      subscriptions.set(eventType, [...known, { subscriber, workflow }]);
    },

    async emit(tx, event) {
      const context = ownerOf(tx, event.type);
      const id = createId(clock);
      await insertEvent(tx, { id, ...event });
      const input: EventInput = { id, at: new Date(clock.now()).toISOString(), ...event };
      for (const { subscriber, workflow } of subscribersOf(event.type)) {
        await engine.enqueueIn(tx, `${id}:${subscriber}`, { name: workflow, envelope: { context, input } });
      }
    },

    list: (context, query) => listWorkflows({ sql, engine }, context, query),

    async get(context, workflowId): Promise<WorkflowDetail> {
      const workflow = await readWorkflow(engine, context, workflowId);
      return { ...workflow, steps: (await engine.steps(workflowId)).map(toStep) };
    },

    cancel: (context, workflowId) => changeWorkflow(change, context, { workflowId, action: "cancel" }),
    resume: (context, workflowId) => changeWorkflow(change, context, { workflowId, action: "resume" }),
    nodes: () => sql.system("heartbeat", (tx) => listNodes(tx, config.staleAfterMs)),
    schedules: () => sql.system("heartbeat", listSchedules),

    async events(context, page) {
      const items = await sql.as(context, (tx) => listEvents(tx, { limit: page.limit + 1, before: page.cursor }));
      const shown = items.slice(0, page.limit);
      return { items: shown, next: items.length > page.limit ? shown.at(-1)!.id : null };
    },

    setNodeStatus: (status) => keeper.setReadyBindings(status.readyBindings),

    async start(role) {
      const works = role !== "serve";
      const known = works ? await sql.system("heartbeat", listSchedules) : [];
      await engine.start({ works });
      await keeper.start(role);
      if (works) schedules.start(known);
    },

    async close() {
      await schedules.close();
      await engine.close();
      await keeper.close();
    },
  };

  function ownerOf(tx: { projectId: string; principalId: string }, what: string): Context {
    if (tx.projectId === "") throw new AppError("internal", `${what} was started in a transaction of no project; use sql.as(context).`);
    return { projectId: tx.projectId, principalId: tx.principalId };
  }
}

function travelling(context: Context): Context {
  return {
    projectId: context.projectId,
    principalId: context.principalId,
    ...(context.requestId === undefined ? {} : { requestId: context.requestId }),
  };
}

function unknown(workflowId: string): AppError {
  return new AppError("unknown_workflow", `There is no workflow "${workflowId}".`, { details: { workflowId } });
}
