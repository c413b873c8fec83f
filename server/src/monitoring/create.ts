import { AppError, type Clock, type Context, type Logger } from "../core/index.ts";
import type { Functions } from "../functions/index.ts";
import type { AuditChange } from "../governance/index.ts";
import type { Jobs } from "../jobs/index.ts";
import { wilson } from "../statistics/index.ts";
import type { Sql, Tx } from "../storage/index.ts";
import { changeAlert } from "./change-alert.ts";
import { defineSchedules } from "./jobs.ts";
import { createReferences } from "./references.ts";
import * as repository from "./repository.ts";
import { type Monitored, type RunDeps, runMonitors } from "./run-monitors.ts";
import { readSettings } from "./settings.ts";
import type { Alert, Monitoring, MonitoringWindow, ReferencePort } from "./types.ts";

export interface MonitoringDeps {
  readonly sql: Sql;
  readonly jobs: Jobs;
  readonly functions: Pick<Functions, "definitions" | "definition">;
  /** Governance's `audit`. */
  readonly audit: (tx: Tx, change: AuditChange) => Promise<void>;
  readonly reference: ReferencePort;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Windows an answer shows at most. */
const mostWindows = 500;

/** Defines its schedule on `jobs`: call it before `jobs.start()`. `config_invalid` when a function's `monitoring` is. */
export function createMonitoring(deps: MonitoringDeps): Monitoring {
  const { sql, jobs, functions, audit } = deps;
  const monitored = new Map<string, Monitored>(
    functions.definitions.map((definition) => [definition.name, { definition, settings: readSettings(definition) }]),
  );
  const runDeps: RunDeps = { sql, audit, emit: (tx, event) => jobs.emit(tx, event), references: createReferences(deps) };
  /** What a function's evidence looked like when all its windows were measured last. */
  const marks = new Map<string, string>();
  let turn: Promise<unknown> = Promise.resolve();

  async function runOne(context: Context, each: Monitored): Promise<{ windows: number; alerts: Iterable<string> }> {
    const { name } = each.definition;
    const key = `${context.projectId}/${name}`;
    const mark = await sql.as(context, (tx) => repository.readChangeMark(tx, name));
    if (marks.get(key) === mark) return { windows: 0, alerts: [] };
    const result = await runMonitors(context, each, runDeps);
    marks.set(key, mark);
    return result;
  }

  /** One run at a time in this process: two would measure the same windows. */
  function run(context: Context, input: { function?: string | undefined }): Promise<{ windows: number; alerts: string[] }> {
    const chosen = input.function === undefined ? [...monitored.values()] : [monitored.get(functions.definition(input.function).name)!];
    const running = turn.then(async () => {
      const alerts = new Set<string>();
      let windows = 0;
      for (const each of chosen) {
        const result = await runOne(context, each);
        windows += result.windows;
        for (const id of result.alerts) alerts.add(id);
      }
      return { windows, alerts: [...alerts] };
    });
    turn = running.catch(() => {
      // Whoever asked for that run hears of it; the next one starts afresh.
    });
    return running;
  }

  defineSchedules(jobs, async (context) => {
    await run(context, {});
  });

  async function find(context: Context, id: string): Promise<Alert> {
    const [alert] = await sql.as(context, (tx) => repository.listAlerts(tx, { id }));
    if (alert === undefined) throw new AppError("unknown_alert", `There is no alert ${id}.`);
    return alert;
  }

  return {
    run: async (context, input) => run(context, input),
    async windows(context, functionName) {
      functions.definition(functionName);
      return (await sql.as(context, (tx) => repository.listWindows(tx, functionName, mostWindows))).map((window) =>
        toWindow(functionName, window),
      );
    },
    alerts: (context, query) => sql.as(context, (tx) => repository.listAlerts(tx, query)),
    alert: find,
    async changeAlert(context, id, change) {
      await sql.as(context, (tx) => changeAlert(tx, { id, change, audit }));
      return find(context, id);
    },
    async linkWorkflow(context, id, workflowId) {
      const alert = await find(context, id);
      if (alert.workflowId === workflowId) return;
      await sql.as(context, async (tx) => {
        await repository.setAlertWorkflow(tx, id, workflowId);
        await audit(tx, {
          action: "monitoring.link-workflow",
          object: `alert:${id}`,
          before: { workflowId: alert.workflowId },
          after: { workflowId },
        });
      });
    },
  };
}

function toWindow(functionName: string, window: repository.StoredWindow): MonitoringWindow {
  const { labelled, agreed, detail } = window;
  return {
    function: functionName,
    from: window.startsAt,
    to: window.endsAt,
    requests: window.requests,
    labelled,
    accuracy: labelled === 0 ? null : wilson(agreed, labelled),
    labels: { ...detail.labels },
    measures: detail.measures.map(({ monitor, measure, value, threshold, exceeded }) => ({ monitor, measure, value, threshold, exceeded })),
  };
}
