import { type Overview, finalRetrainingStages } from "@millrace/contract";
import type { Context } from "../core/index.ts";
import type { Modules } from "./create-modules.ts";
import type { Stores } from "./open-stores.ts";

const enough = { limit: 500 };

/** The loop at a glance: what every stage holds and what waits there. */
export async function readOverview(
  context: Context,
  deps: { readonly stores: Stores; readonly modules: Modules; readonly configHash: string; readonly configProblem: () => string | null },
): Promise<Overview> {
  const { stores, modules, configHash } = deps;
  const { jobs, data, models, functions, feedback, monitoring, release } = modules;
  const [datasets, registered, declared, said, alerts, retrainings, nodes, busy] = await Promise.all([
    data.list(context, enough),
    models.list(context),
    functions.list(context),
    feedback.stats(context, {}),
    monitoring.alerts(context, {}),
    release.listRetrainings(context, undefined),
    jobs.nodes(),
    jobs.list(context, { ...enough, status: "running" }),
  ]);
  const evidence = readEvidence(stores);
  const open = alerts.filter((alert) => alert.status !== "resolved");
  const under = retrainings.filter((each) => !finalRetrainingStages.has(each.stage));
  const running = (module: string) => busy.items.filter((workflow) => workflow.name.startsWith(`${module}.`)).length;
  const kept = datasets.items.reduce((sum, dataset) => sum + dataset.kept, 0);
  const latest = retrainings[0];
  const stages: Overview["stages"] = [
    {
      stage: "data",
      counts: { datasets: datasets.items.length, rows: kept },
      waiting: running("data"),
      note: datasets.items[0] === undefined ? null : `latest ${datasets.items[0].reference}`,
    },
    {
      stage: "models",
      counts: { models: registered.length, versions: registered.reduce((sum, model) => sum + model.versions, 0) },
      waiting: running("models"),
      note: championOf(registered),
    },
    {
      stage: "functions",
      counts: { functions: declared.length, off: declared.filter((each) => each.off).length },
      waiting: declared.flatMap((each) => each.variants).filter((variant) => !variant.ready).length,
      note: null,
    },
    { stage: "inference", counts: { accepted: evidence.accepted, stored: evidence.stored }, waiting: evidence.backlog, note: null },
    {
      stage: "feedback",
      counts: { labels: said.accepted, refused: said.refused },
      waiting: said.unlabelled,
      note: said.unlabelled > 0 ? "answers without a label yet" : null,
    },
    { stage: "monitoring", counts: { alerts: alerts.length, open: open.length }, waiting: open.length, note: null },
    {
      stage: "release",
      counts: { retrainings: retrainings.length, promoted: retrainings.filter((each) => each.promoted).length },
      waiting: under.length,
      note: latest === undefined ? null : `${latest.function}: ${latest.stage}`,
    },
  ];
  return { stages, evidence, nodes, openAlerts: open, configHash, configProblem: deps.configProblem() };
}

function championOf(models: readonly { name: string; aliases: Record<string, number> }[]): string | null {
  const named = models.find((model) => model.aliases["champion"] !== undefined);
  return named === undefined ? null : `champion ${named.name}@${named.aliases["champion"]}`;
}

/** accepted = stored + rejected + backlog, from the journal itself. */
export function readEvidence({ journal, hotState }: Pick<Stores, "journal" | "hotState">) {
  const { accepted, stored, rejected, backlog, bytes } = journal.stats();
  return { accepted, stored, rejected, backlog, journalBytes: bytes, stateAgeMs: hotState.ageMs() };
}
