import type { FeatureViewStatus } from "@millrace/contract";
import type { Context } from "../../core/index.ts";
import { checkSkew } from "./check-skew.ts";
import type { FeatureView } from "./config.ts";
import { defineViews } from "./define-views.ts";
import { definitionHash, entityKey, findView, parseEntity, referenceOf } from "./find-view.ts";
import {
  type FeatureJobsDeps,
  type JoinWork,
  type MaterialiseWork,
  defineFeatureWorkflows,
  joinWorkflow,
  materialiseWorkflow,
} from "./jobs.ts";
import { toFeatureValues } from "./read-values.ts";
import { type StoredView, findValues, listViews } from "./repository.ts";
import type { Features } from "./types.ts";

/** Defines its workflows and schedules on `jobs`: call it before `jobs.start()`. */
export function createFeatures(deps: FeatureJobsDeps): Features {
  const { views, sql, jobs, audit, clock } = deps;
  defineFeatureWorkflows(deps);

  function note(context: Context, action: string, view: FeatureView, after: unknown): Promise<void> {
    return sql.as(context, (tx) => audit(tx, { action, object: `features:${referenceOf(view)}`, after }));
  }

  return {
    define: (context) => defineViews(context, views, deps),

    async list(context) {
      const stored = new Map((await sql.as(context, listViews)).map((view) => [referenceOf(view), view]));
      const now = clock.now();
      return views.map((view) => toStatus(view, stored.get(referenceOf(view)), now));
    },

    async values(context, query) {
      const view = findView(views, query.view, query.version);
      const entity = parseEntity(view, query.entity);
      const key = entityKey(entity);
      const found = await sql.as(context, async (tx) => {
        await audit(tx, { action: "data.read-features", object: `features:${referenceOf(view)}`, after: { entity: key } });
        return findValues(tx, view, key);
      });
      return toFeatureValues(view, { entity, found, now: clock.now() });
    },

    async materialise(context, name, version) {
      const view = findView(views, name, version);
      await defineViews(context, [view], deps);
      const work: MaterialiseWork = { view: referenceOf(view) };
      return jobs.startWorkflow(context, materialiseWorkflow, work);
    },

    async join(context, request) {
      const dataset = await deps.find(context, request.dataset);
      const asked = request.views.map((reference) => findView(views, reference));
      await defineViews(context, asked, deps);
      const work: JoinWork = {
        dataset: dataset.reference,
        views: asked.map(referenceOf),
        name: request.name ?? null,
        description: request.description ?? "",
      };
      return jobs.startWorkflow(context, joinWorkflow, work);
    },

    async check(context, name, { version, sample }) {
      const view = findView(views, name, version);
      await note(context, "data.check-features", view, { sample });
      return checkSkew({ context, view, sample }, deps);
    },
  };
}

function toStatus(view: FeatureView, stored: StoredView | undefined, now: number): FeatureViewStatus {
  const { name, version, description, entity, eventTime } = view;
  return {
    name,
    version,
    reference: referenceOf(view),
    description,
    source: "dataset" in view.source ? view.source.dataset : view.source.parquet.join(", "),
    entity,
    eventTime,
    arrivalTime: view.arrivalTime ?? null,
    timeToLiveSeconds: view.timeToLiveSeconds ?? null,
    materialiseEveryMinutes: view.materialiseEveryMinutes ?? null,
    definitionHash: definitionHash(view),
    materialisedAt: stored?.materialisedAt ?? null,
    materialisedFrom: stored?.source ?? null,
    entities: stored?.entities ?? null,
    freshness: Object.entries(stored?.newest ?? {}).map(([feature, newest]) => ({
      feature,
      newest,
      ageSeconds: newest === null ? null : (now - Date.parse(newest)) / 1000,
    })),
  };
}
