import type { Backup } from "./back-up.ts";
import type { Context } from "../core/index.ts";
import type { Modules } from "./create-modules.ts";
import { readEvidence, readOverview } from "./read-overview.ts";
import type { Ports } from "../http/index.ts";
import { formatReference } from "../data/index.ts";
import type { Stores } from "./open-stores.ts";
import { lastBackupAt } from "./schedule-backups.ts";

export interface ConnectDeps {
  readonly stores: Stores;
  readonly modules: Modules;
  readonly backUp: (context: Context, name: string | undefined) => Promise<Backup>;
  readonly configHash: string;
  /** Why a changed configuration is not in force. */
  readonly configProblem: () => string | null;
  readonly readiness: () => string[];
}

/** What the edge calls, from what the modules offer: names and shapes meet here and nowhere else. */
export function connectPorts(deps: ConnectDeps): Ports {
  const { stores, modules } = deps;
  const { governance, jobs, data, models, functions, feedback, monitoring, evaluation, release } = modules;
  return {
    governance,
    functions,
    batches: modules.batches,
    gateway: modules.gateway,
    serving: models,
    readiness: deps.readiness,
    overview: { get: (_request, context) => readOverview(context, deps) },
    evidence: { get: async () => readEvidence(stores) },
    storage: {
      status: async (_request, context) => ({
        store: stores.sql.store,
        stateVersion: stores.hotState.version().toString(),
        stateAgeMs: stores.hotState.ageMs(),
        migrations: stores.migrations,
        lastBackupAt: await lastBackupAt(governance, context),
      }),
      retention: () => modules.archive.retention(),
      backup: ({ body }, context) => deps.backUp(context, body.name),
    },
    jobs: {
      list: ({ query }, context) => jobs.list(context, query),
      get: ({ parameters }, context) => jobs.get(context, parameters.id),
      cancel: ({ parameters }, context) => jobs.cancel(context, parameters.id),
      resume: ({ parameters }, context) => jobs.resume(context, parameters.id),
      nodes: async () => ({ items: await jobs.nodes() }),
      schedules: async () => ({ items: await jobs.schedules() }),
      events: ({ query }, context) => jobs.events(context, query),
    },
    data: {
      upload: ({ body }, context) => data.upload(context, body),
      create: ({ body }, context) => data.create(context, body),
      list: ({ query }, context) => data.list(context, query),
      get: ({ parameters }, context) => data.get(context, formatReference(parameters)),
      compare: ({ parameters: { name }, query }, context) =>
        data.compare(context, formatReference({ name, version: query.from }), formatReference({ name, version: query.to })),
      lineage: ({ parameters }, context) => data.lineage(context, formatReference(parameters)),
      trace: ({ parameters }, context) => data.trace(context, formatReference(parameters), parameters.row),
      setTag: ({ parameters, body }, context) => data.setTag(context, { ...parameters, version: body.version }),
      removeTag: ({ parameters }, context) => data.setTag(context, { ...parameters, version: null }),
      rows: ({ parameters, query }, context) => data.rows(context, formatReference(parameters), query),
      quarantine: async ({ parameters, query }, context) => ({ items: await data.quarantine(context, formatReference(parameters), query) }),
      checkLabels: ({ parameters, body }, context) => data.labels.check(context, formatReference(parameters), body),
      combineLabels: ({ body, query }, context) => data.labels.combine(context, body, query),
      profile: ({ parameters, query }, context) => data.profile(context, formatReference(parameters), query.contract),
      listFeatures: async (_request, context) => ({ items: await data.features.list(context) }),
      joinFeatures: ({ body }, context) => data.features.join(context, body),
      materialiseFeatures: ({ parameters, body }, context) => data.features.materialise(context, parameters.name, body.version),
      featureValues: ({ parameters, query }, context) => data.features.values(context, { view: parameters.name, ...query }),
      checkFeatures: ({ parameters, body }, context) =>
        data.features.check(context, parameters.name, { version: body.version, sample: body.sample }),
      sources: async (_request, context) => ({ items: await data.sources.list(context) }),
      readSource: ({ parameters, body }, context) => data.sources.read(context, parameters.name, body),
      push: ({ parameters, body }, context) => data.sources.push(context, parameters.name, body),
    },
    models: {
      createRun: ({ body }, context) => models.createRun(context, body),
      listRuns: ({ query }, context) => models.listRuns(context, query),
      compareRuns: ({ query }, context) => models.compareRuns(context, query),
      getRun: ({ parameters }, context) => models.getRun(context, parameters.id),
      createExperiment: ({ body }, context) => models.createExperiment(context, body),
      getExperiment: ({ parameters }, context) => models.getExperiment(context, parameters.id),
      list: async (_request, context) => ({ items: await models.list(context) }),
      get: ({ parameters }, context) => models.get(context, parameters.name),
      exportVersion: ({ parameters }, context) => models.exportVersion(context, parameters.name, parameters.version),
      importVersion: ({ parameters, body }, context) => models.importVersion(context, parameters.name, body),
      getVersion: ({ parameters }, context) => models.getVersion(context, parameters.name, parameters.version),
    },
    feedback: {
      submit: ({ body }, context) => feedback.submit(context, body.items),
      list: ({ query }, context) => feedback.list(context, query),
      stats: ({ query }, context) => feedback.stats(context, query),
      curate: ({ body }, context) => feedback.startCuration(context, body),
    },
    monitoring: {
      windows: async ({ query }, context) => ({ items: await monitoring.windows(context, query.function) }),
      run: ({ body }, context) => monitoring.run(context, body),
      alerts: async ({ query }, context) => ({ items: await monitoring.alerts(context, query) }),
      alert: ({ parameters }, context) => monitoring.alert(context, parameters.id),
      changeAlert: ({ parameters, body }, context) => monitoring.changeAlert(context, parameters.id, body),
    },
    evaluation: {
      list: ({ query }, context) => evaluation.list(context, query),
      get: ({ parameters }, context) => evaluation.get(context, parameters.id),
      create: ({ body }, context) => evaluation.create(context, body),
    },
    release: {
      list: async ({ parameters }, context) => ({ items: await release.list(context, parameters.function) }),
      rollback: ({ parameters, body }, context) => release.rollback(context, parameters.function, body.reason),
      retrain: ({ body }, context) => release.startRetraining(context, body),
      listRetrainings: async ({ query }, context) => ({ items: await release.listRetrainings(context, query.function) }),
      getRetraining: ({ parameters }, context) => release.getRetraining(context, parameters.id),
    },
  };
}
