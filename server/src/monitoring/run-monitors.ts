import type { Context } from "../core/index.ts";
import type { FunctionDefinition } from "../functions/index.ts";
import type { Sql, Tx } from "../storage/index.ts";
import { describeInputs } from "./input-profile.ts";
import { measureWindow, type WindowFacts } from "./monitors/index.ts";
import { type MeasuredWindow, type RaiseDeps, raiseAlerts } from "./raise-alerts.ts";
import { readInputs, type References } from "./references.ts";
import * as repository from "./repository.ts";
import type { Settings } from "./settings.ts";

export interface Monitored {
  readonly definition: FunctionDefinition;
  readonly settings: Settings;
}

export interface RunDeps extends RaiseDeps {
  readonly sql: Sql;
  readonly references: References;
}

export interface RunResult {
  /** Windows measured, the old ones measured again included. */
  readonly windows: number;
  /** Alerts that were opened or that another window was counted to. */
  readonly alerts: ReadonlySet<string>;
}

/** Windows back from the newest one that late labels and late evidence still change. */
const horizon = 20;

/** Measures old windows whose labels or rows changed, then every window that has become complete. */
export async function runMonitors(context: Context, monitored: Monitored, deps: RunDeps): Promise<RunResult> {
  const alerts = new Set<string>();
  let windows = 0;
  const { name } = monitored.definition;
  const note = (touched: readonly string[] | null) => {
    if (touched === null) return;
    windows += 1;
    for (const id of touched) alerts.add(id);
  };
  const changed = await deps.sql.as(context, async (tx) =>
    repository.findChanged(tx, name, await repository.listWindows(tx, name, horizon)),
  );
  for (const each of changed) note(await measureAgain(context, monitored, { ...each, deps }));
  for (;;) {
    const place = await deps.sql.as(context, (tx) => findNext(tx, monitored));
    if (place === null) break;
    const measured = await measure(context, monitored, { place, deps });
    const touched = await deps.sql.as(context, async (tx) => {
      await repository.lockFunction(tx, name);
      // Another node may have measured this window meanwhile.
      const [newest] = await repository.listWindows(tx, name, 1);
      return (newest?.position ?? -1) + 1 === place.position ? raiseAlerts(tx, monitored.definition, measured, deps) : null;
    });
    note(touched);
  }
  return { windows, alerts };
}

interface Place extends repository.Range {
  readonly position: number;
}

/** The next window, if it is complete. It starts where the last one ended. */
async function findNext(tx: Tx, { definition, settings }: Monitored): Promise<Place | null> {
  const [newest] = await repository.listWindows(tx, definition.name, 1);
  const start = newest?.endsAt ?? null;
  const { window } = settings;
  const found =
    "requests" in window
      ? await repository.findEndByRequests(tx, definition.name, { start, requests: window.requests })
      : await repository.findEndByHours(tx, definition.name, { start, ...window });
  return found === null ? null : { position: (newest?.position ?? -1) + 1, from: found.startsAt, to: found.endsAt };
}

interface Again {
  readonly position: number;
  /** False when only labels came: the inputs need not be read again. */
  readonly rowsChanged: boolean;
  readonly deps: RunDeps;
}

async function measureAgain(context: Context, monitored: Monitored, { position, rowsChanged, deps }: Again): Promise<string[] | null> {
  const { name } = monitored.definition;
  const stored = await deps.sql.as(context, (tx) => repository.findWindow(tx, name, position));
  if (stored === null) return null;
  const place = { position, from: stored.startsAt, to: stored.endsAt };
  const measured = await measure(context, monitored, { place, deps, ...(rowsChanged ? {} : { stored }) });
  return deps.sql.as(context, async (tx) => {
    await repository.lockFunction(tx, name);
    return raiseAlerts(tx, monitored.definition, measured, deps);
  });
}

interface Measuring {
  readonly place: Place;
  readonly deps: RunDeps;
  /** As it was measured before, when its inputs are the same. */
  readonly stored?: repository.StoredWindow;
}

async function measure(context: Context, { definition, settings }: Monitored, { place, deps, stored }: Measuring): Promise<MeasuredWindow> {
  const { name, latencyBudgetMs: budgetMs } = definition;
  const range = { from: place.from, to: place.to };
  const counts = await deps.sql.as(context, (tx) => repository.countWindow(tx, name, { ...range, budgetMs }));
  const rows = stored === undefined ? await readInputs(context, name, { sql: deps.sql, range }) : [];
  const { view, facts: reference } = await deps.references.find(context, {
    function: name,
    binding: counts.binding,
    position: place.position,
    rows,
  });
  const window: WindowFacts = { ...counts, ...counts.own, budgetMs, inputs: await describeInputs(rows, view) };
  const measures = measureWindow({ window, reference, settings });
  const kept = stored?.detail.measures.filter((measure) => measure.monitor === "input-drift") ?? [];
  return {
    position: place.position,
    startsAt: place.from,
    endsAt: place.to,
    latestAt: counts.latestAt,
    requests: counts.requests,
    labelled: counts.all.truth.labelled,
    agreed: counts.all.truth.agreed,
    detail: {
      binding: counts.binding,
      reference: reference?.name ?? null,
      labels: counts.all.labels,
      measures: [...measures, ...kept],
    },
  };
}
