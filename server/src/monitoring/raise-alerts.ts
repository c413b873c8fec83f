import type { Signal } from "@millrace/contract";
import { createId } from "../core/index.ts";
import type { FunctionDefinition } from "../functions/index.ts";
import type { AuditChange } from "../governance/index.ts";
import type { NewEvent } from "../jobs/index.ts";
import type { Tx } from "../storage/index.ts";
import { type Diagnosis, type Family, diagnose } from "./diagnose.ts";
import { alertOpenedEvent } from "./events.ts";
import type { Measure } from "./monitors/index.ts";
import { writePlaybook, writeTitle } from "./playbooks.ts";
import * as repository from "./repository.ts";
import type { AlertOpened } from "./types.ts";

export interface RaiseDeps {
  readonly audit: (tx: Tx, change: AuditChange) => Promise<void>;
  readonly emit: (tx: Tx, event: NewEvent) => Promise<void>;
}

/** A window as it was measured; what causes it is decided here. */
export interface MeasuredWindow extends Omit<repository.StoredWindow, "detail"> {
  readonly detail: Omit<repository.WindowDetail, "causes">;
}

/**
 * Stores a measured window and counts it to alerts, opening those that are due. The caller's transaction holds the function's
 * lock. Answers the alerts this window belongs to.
 */
export async function raiseAlerts(tx: Tx, definition: FunctionDefinition, window: MeasuredWindow, deps: RaiseDeps): Promise<string[]> {
  const active = new Map((await repository.findActiveAlerts(tx, definition.name)).map((alert) => [alert.family, alert]));
  const diagnoses = diagnose(window.detail.measures, new Set(active.keys()));
  const causes = diagnoses.map(({ family, cause, strong }) => ({ family, cause, strong }));
  await repository.saveWindow(tx, definition.name, { ...window, detail: { ...window.detail, causes } });
  const touched: string[] = [];
  for (const diagnosis of diagnoses) {
    const signals = diagnosis.signals.map(toSignal);
    const open = active.get(diagnosis.family);
    let id = open?.id;
    if (id === undefined) {
      const neighbours = await findNeighbours(tx, definition.name, { position: window.position, family: diagnosis.family });
      if (!diagnosis.strong && neighbours.length === 0) continue;
      if (!(await isArmed(tx, definition.name, { position: window.position, family: diagnosis.family }))) continue;
      id = await openAlert(tx, definition, { window, diagnosis, neighbours, deps });
    }
    await repository.linkWindow(tx, id, { position: window.position, signals: mergeSignals(signals, open?.signals ?? []) });
    touched.push(id);
  }
  return touched;
}

/** What this window shows, and what only earlier ones did. */
function mergeSignals(now: readonly Signal[], before: readonly Signal[]): Signal[] {
  const isNew = (signal: Signal) => !now.some((each) => each.monitor === signal.monitor && each.measure === signal.measure);
  return [...now, ...before.filter(isNew)];
}

function toSignal({ monitor, measure, value, threshold, pValue, n, detail }: Measure): Signal {
  return { monitor, measure, value, threshold, pValue, n, detail };
}

interface Place {
  readonly position: number;
  readonly family: Family;
}

/** The windows just before and just after that show the same family: one odd window is not an alert, two in a row are. */
async function findNeighbours(tx: Tx, functionName: string, { position, family }: Place): Promise<repository.StoredWindow[]> {
  const found = [await repository.findWindow(tx, functionName, position - 1), await repository.findWindow(tx, functionName, position + 1)];
  return found.filter((window) => window !== null).filter((window) => window.detail.causes.some((each) => each.family === family));
}

/** After an alert was resolved its cause opens another one only once a window without it has gone by. */
async function isArmed(tx: Tx, functionName: string, { position, family }: Place): Promise<boolean> {
  const resolved = await repository.findResolvedPosition(tx, functionName, family);
  if (resolved === null) return true;
  for (let each = resolved + 1; each < position; each++) {
    const window = await repository.findWindow(tx, functionName, each);
    if (window !== null && !window.detail.causes.some((cause) => cause.family === family)) return true;
  }
  return false;
}

interface Opening {
  readonly window: MeasuredWindow;
  readonly diagnosis: Diagnosis;
  readonly neighbours: readonly repository.StoredWindow[];
  readonly deps: RaiseDeps;
}

async function openAlert(tx: Tx, definition: FunctionDefinition, { window, diagnosis, neighbours, deps }: Opening): Promise<string> {
  const id = createId();
  const { family, cause } = diagnosis;
  const title = writeTitle(diagnosis);
  const signals = diagnosis.signals.map(toSignal);
  const playbook = writePlaybook(cause, { function: definition.name, reference: window.detail.reference ?? "the first window" });
  const alert = {
    id,
    function: definition.name,
    family,
    cause,
    title,
    status: "open" as const,
    owner: definition.owner,
    playbook,
    signals,
    workflowId: null,
    resolvedPosition: null,
  };
  await repository.insertAlert(tx, alert);
  for (const { position } of neighbours) await repository.linkWindow(tx, id, { position, signals });
  const all = [...neighbours, window];
  const payload: AlertOpened = {
    alertId: id,
    function: definition.name,
    cause,
    occurredFrom: all.map(({ startsAt }) => startsAt).sort()[0]!,
    occurredTo: all
      .map(({ latestAt }) => latestAt)
      .sort()
      .at(-1)!,
  };
  await deps.audit(tx, {
    action: "monitoring.open-alert",
    object: `alert:${id}`,
    after: { function: definition.name, cause, title, owner: definition.owner, from: payload.occurredFrom, to: payload.occurredTo },
  });
  await deps.emit(tx, { type: alertOpenedEvent, subject: definition.name, payload });
  return id;
}
