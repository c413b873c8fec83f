import type { JoinFeatures } from "@millrace/contract";
import type { Clock, Context } from "../../core/index.ts";
import type { Jobs, WorkflowRun } from "../../jobs/index.ts";
import type { CreateFromRows, DatasetDetail } from "../types.ts";
import type { FeatureView } from "./config.ts";
import { findView, referenceOf } from "./find-view.ts";
import { type JoinDeps, type JoinedRows, joinViews } from "./join-views.ts";
import { type MaterialiseDeps, materialiseView } from "./materialise-view.ts";

export const materialiseWorkflow = "data.materialise-features@1";
export const joinWorkflow = "data.join-features@1";

export interface MaterialiseWork {
  /** `name@version`. */
  readonly view: string;
}

/** What was asked for, with the versions that were meant. */
export type JoinWork = Required<Pick<JoinFeatures, "dataset" | "views" | "description">> & { readonly name: string | null };

export interface FeatureJobsDeps extends MaterialiseDeps, JoinDeps {
  readonly jobs: Jobs;
  readonly clock: Clock;
  readonly views: readonly FeatureView[];
  readonly find: (context: Context, reference: string) => Promise<DatasetDetail>;
  /** Builds a dataset version inside the caller's workflow. */
  readonly createFromRows: (rows: CreateFromRows, run: WorkflowRun) => Promise<string>;
}

export function defineFeatureWorkflows(deps: FeatureJobsDeps): void {
  const { jobs, clock, views } = deps;
  jobs.defineWorkflow<MaterialiseWork, { view: string; entities: number }>(
    materialiseWorkflow,
    async (run, work) => {
      const view = findView(views, work.view);
      const entities = await run.step("data.materialise-features", ({ signal }) =>
        materialiseView({ context: run.context, view, signal }, deps),
      );
      return { view: work.view, entities };
    },
    { concurrency: 1 },
  );
  jobs.defineWorkflow<JoinWork, JoinedRows & { built: string | null }>(joinWorkflow, async (run, work) => {
    const joined = await run.step("data.join-features", async ({ signal }) => {
      const dataset = await deps.find(run.context, work.dataset);
      const asked = work.views.map((reference) => findView(views, reference));
      return joinViews({ context: run.context, dataset, views: asked, lines: work.name !== null, signal }, deps);
    });
    const rows = await run.step("data.describe-join", async () => toRows(await deps.find(run.context, work.dataset), work, joined));
    return { ...joined, built: rows === null ? null : await deps.createFromRows(rows, run) };
  });
  for (const view of views) {
    if (view.materialiseEveryMinutes === undefined) continue;
    const everyMs = view.materialiseEveryMinutes * 60_000;
    // One a period, however often a node that takes the lease over begins anew.
    jobs.defineSchedule(`data.materialise-features.${referenceOf(view)}`, everyMs, async (context) => {
      const period = Math.floor(clock.now() / everyMs);
      const work: MaterialiseWork = { view: referenceOf(view) };
      await jobs.startWorkflow(context, materialiseWorkflow, work, { workflowId: `features:${referenceOf(view)}:${period}` });
    });
  }
}

/** The build of the joined rows: the dataset's own roles and share held back, with the features beside its features. */
function toRows(dataset: DatasetDetail, { name, description }: JoinWork, joined: JoinedRows): CreateFromRows | null {
  if (name === null || joined.linesHash === null) return null;
  const held = dataset.splits.find((split) => split.name === "holdout")?.rows ?? 0;
  const { featureColumns, contract } = dataset;
  const unique = contract.columns.find((column) => column.unique && !featureColumns.includes(column.name));
  return {
    name,
    blob: joined.linesHash,
    timeColumn: dataset.timeColumn ?? undefined,
    labelColumn: dataset.labelColumn ?? undefined,
    featureColumns: [...featureColumns, ...joined.features],
    keyColumn: unique !== undefined && unique.name !== dataset.timeColumn ? unique.name : undefined,
    contract: "infer",
    sensitiveColumns: contract.columns.filter(({ sensitive }) => sensitive === true).map((column) => column.name),
    // Which views are joined was asked for by name: their columns are meant to be those.
    breaking: true,
    holdout: Math.min(0.5, Math.max(0.05, held / Math.max(1, dataset.kept))),
    split: dataset.split,
    description: description === "" ? `${dataset.reference} joined with ${joined.views.join(", ")}.` : description,
    sources: [{ kind: "dataset", reference: dataset.reference, rows: joined.rows }],
    parent: dataset.reference,
  };
}
