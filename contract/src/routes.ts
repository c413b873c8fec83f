import { z } from "zod";
import * as batches from "./batches.ts";
import * as data from "./data.ts";
import * as evaluation from "./evaluation.ts";
import * as experiments from "./experiments.ts";
import * as features from "./features.ts";
import * as feedback from "./feedback.ts";
import * as functions from "./functions.ts";
import * as gateway from "./gateway.ts";
import * as governance from "./governance.ts";
import * as jobs from "./jobs.ts";
import * as labels from "./labels.ts";
import * as models from "./models.ts";
import * as monitoring from "./monitoring.ts";
import * as overview from "./overview.ts";
import * as profile from "./profile.ts";
import * as release from "./release.ts";
import * as storage from "./storage.ts";
import { functionNameSchema, idSchema, nameSchema, pageOf, pageQuerySchema } from "./wire.ts";

export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** With `:name` parameters. */
  readonly path: string;
  readonly summary: string;
  /** `public` needs nothing; `any` needs a valid key or session; else the named permission. */
  readonly permission: governance.Permission | "public" | "any";
  readonly parameters?: z.ZodObject;
  readonly query?: z.ZodObject;
  /** A zod schema for JSON, or `stream` for raw bytes. */
  readonly body?: z.ZodType | "stream";
  /** A zod schema for JSON, or `stream` for the bytes of a file. */
  readonly response: z.ZodType | "stream";
  /** Answered by the hot handler, not by Fastify. */
  readonly hot?: boolean;
  readonly status?: 200 | 201 | 202;
}

const named = z.object({ name: nameSchema });
const byId = z.object({ id: idSchema });
const byFunction = z.object({ function: nameSchema });
const batchOf = z.object({ name: nameSchema, id: idSchema });
const versioned = z.object({ name: nameSchema, version: z.coerce.number().int().positive() });
const nothing = z.object({});
const workflowId = z.object({ id: z.string().min(1).max(200) });

// A table reads best with one row a line:
// oxfmt-ignore
/** Every route of the control API: the one table of path -> permission. The OpenAPI document, the SDK and the server are made from it. */
export const routes = {
  "health.live": { method: "GET", path: "/health/live", summary: "The process runs", permission: "public", response: overview.healthSchema },
  "health.ready": { method: "GET", path: "/health/ready", summary: "The node can take traffic", permission: "public", response: overview.healthSchema },
  "overview.get": { method: "GET", path: "/api/overview", summary: "The loop at a glance", permission: "functions.read", response: overview.overviewSchema },

  "governance.signIn": { method: "POST", path: "/api/governance/session", summary: "Exchange a one-time link for a session cookie", permission: "public", body: governance.signInSchema, response: governance.principalSchema },
  "governance.signOut": { method: "DELETE", path: "/api/governance/session", summary: "End the session", permission: "any", response: nothing },
  "governance.me": { method: "GET", path: "/api/governance/me", summary: "Who this key or session is", permission: "any", response: governance.principalSchema },
  "governance.createLink": { method: "POST", path: "/api/governance/links", summary: "A new one-time sign-in link", permission: "governance.write", response: governance.signInLinkSchema, status: 201 },
  "governance.listKeys": { method: "GET", path: "/api/governance/keys", summary: "List keys", permission: "governance.read", query: pageQuerySchema, response: pageOf(governance.keySchema) },
  "governance.createKey": { method: "POST", path: "/api/governance/keys", summary: "Create a key; it is shown this once", permission: "governance.write", body: governance.createKeySchema, response: governance.createdKeySchema, status: 201 },
  "governance.revokeKey": { method: "DELETE", path: "/api/governance/keys/:id", summary: "Revoke a key", permission: "governance.write", parameters: byId, response: governance.keySchema },
  "governance.listSwitches": { method: "GET", path: "/api/governance/switches", summary: "List kill switches", permission: "governance.read", response: z.object({ items: z.array(governance.switchSchema) }) },
  "governance.setSwitch": { method: "PUT", path: "/api/governance/switches/:target", summary: "Switch a function (or `*`, all of them) off or on", permission: "switch.write", parameters: z.object({ target: z.union([z.literal("*"), functionNameSchema]) }), body: governance.setSwitchSchema, response: governance.switchSchema },
  "governance.listAudit": { method: "GET", path: "/api/governance/audit", summary: "Read the audit log", permission: "governance.read", query: pageQuerySchema.extend({ action: z.string().max(100).optional(), object: z.string().max(200).optional() }), response: pageOf(governance.auditEntrySchema) },
  "governance.verifyAudit": { method: "POST", path: "/api/governance/audit/verify", summary: "Prove the audit log", permission: "governance.read", body: z.object({ against: governance.checkpointSchema.optional() }), response: governance.auditReportSchema },
  "governance.checkpoint": { method: "GET", path: "/api/governance/audit/checkpoint", summary: "The newest signed checkpoint", permission: "governance.read", response: z.object({ checkpoint: governance.checkpointSchema.nullable() }) },

  "jobs.list": { method: "GET", path: "/api/jobs/workflows", summary: "List workflows", permission: "jobs.read", query: pageQuerySchema.extend({ name: z.string().max(100).optional(), status: jobs.workflowStatusSchema.optional() }), response: pageOf(jobs.workflowSchema) },
  "jobs.get": { method: "GET", path: "/api/jobs/workflows/:id", summary: "One workflow and its steps", permission: "jobs.read", parameters: workflowId, response: jobs.workflowDetailSchema },
  "jobs.cancel": { method: "POST", path: "/api/jobs/workflows/:id/cancel", summary: "Cancel a workflow", permission: "jobs.write", parameters: workflowId, response: jobs.workflowSchema },
  "jobs.resume": { method: "POST", path: "/api/jobs/workflows/:id/resume", summary: "Resume a cancelled workflow", permission: "jobs.write", parameters: workflowId, response: jobs.workflowSchema },
  "jobs.nodes": { method: "GET", path: "/api/jobs/nodes", summary: "Nodes and their heartbeats", permission: "jobs.read", response: z.object({ items: z.array(jobs.nodeSchema) }) },
  "jobs.schedules": { method: "GET", path: "/api/jobs/schedules", summary: "Schedules", permission: "jobs.read", response: z.object({ items: z.array(jobs.scheduleSchema) }) },
  "jobs.events": { method: "GET", path: "/api/jobs/events", summary: "Events", permission: "jobs.read", query: pageQuerySchema, response: pageOf(jobs.eventSchema) },

  "data.upload": { method: "POST", path: "/api/data/uploads", summary: "Upload rows as JSON lines (content-type application/x-ndjson)", permission: "data.write", body: "stream", response: data.uploadSchema, status: 201 },
  "data.create": { method: "POST", path: "/api/data/datasets", summary: "Build the next version of a dataset from an upload", permission: "data.write", body: data.createDatasetSchema, response: jobs.startedSchema, status: 202 },
  "data.list": { method: "GET", path: "/api/data/datasets", summary: "List dataset versions", permission: "data.read", query: pageQuerySchema.extend({ name: nameSchema.optional(), tag: nameSchema.optional() }), response: pageOf(data.datasetSchema) },
  "data.compare": { method: "GET", path: "/api/data/datasets/:name/compare", summary: "What became different between two versions of a dataset", permission: "data.read", parameters: named, query: data.compareDatasetsQuerySchema, response: data.datasetComparisonSchema },
  "data.get": { method: "GET", path: "/api/data/datasets/:name/:version", summary: "One dataset version: contract, quarantine, splits, lineage, datasheet", permission: "data.read", parameters: versioned, response: data.datasetDetailSchema },
  "data.rows": { method: "GET", path: "/api/data/datasets/:name/:version/rows", summary: "Rows of a dataset version (audited)", permission: "data.read", parameters: versioned, query: z.object({ offset: z.coerce.number().int().min(0).default(0), limit: z.coerce.number().int().min(1).max(1000).default(50), split: z.enum(["train", "holdout"]).optional() }), response: data.datasetRowsSchema },
  "data.lineage": { method: "GET", path: "/api/data/datasets/:name/:version/lineage", summary: "Versions that a version grew out of, and those that grew out of it", permission: "data.read", parameters: versioned, response: data.datasetLineageSchema },
  "data.trace": { method: "GET", path: "/api/data/datasets/:name/:version/rows/:row/source", summary: "Where a row of a version came from (audited)", permission: "data.read", parameters: versioned.extend({ row: z.coerce.number().int().min(0) }), response: data.rowSourceSchema },
  "data.setTag": { method: "PUT", path: "/api/data/datasets/:name/tags/:tag", summary: "Name a version; a tag that is taken moves", permission: "data.write", parameters: named.extend({ tag: nameSchema }), body: data.setTagSchema, response: data.tagSchema },
  "data.removeTag": { method: "DELETE", path: "/api/data/datasets/:name/tags/:tag", summary: "Take a tag away", permission: "data.write", parameters: named.extend({ tag: nameSchema }), response: data.tagSchema },
  "data.quarantine": { method: "GET", path: "/api/data/datasets/:name/:version/quarantine", summary: "Rows that were set aside, with the reason", permission: "data.read", parameters: versioned, query: z.object({ limit: z.coerce.number().int().min(1).max(1000).default(50) }), response: z.object({ items: z.array(data.quarantinedRowSchema) }) },
  "data.checkLabels": { method: "POST", path: "/api/data/datasets/:name/:version/labels/check", summary: "Rows whose label is probably wrong, most suspicious first (audited)", permission: "data.read", parameters: versioned, body: labels.checkLabelsSchema, response: labels.labelCheckSchema },
  "data.combineLabels": { method: "POST", path: "/api/data/labels/combine", summary: "One label an item from many votes (JSON lines of item, source, label; content-type application/x-ndjson)", permission: "data.write", query: labels.combineLabelsQuerySchema, body: "stream", response: labels.combinedLabelsSchema },
  "data.profile": { method: "GET", path: "/api/data/datasets/:name/:version/profile", summary: "The columns of a dataset version, and the rows that break a contract (audited)", permission: "data.read", parameters: versioned, query: profile.profileQuerySchema, response: profile.datasetProfileSchema },
  "data.listFeatures": { method: "GET", path: "/api/data/features", summary: "Feature views and how fresh they are", permission: "data.read", response: z.object({ items: z.array(features.featureViewStatusSchema) }) },
  "data.joinFeatures": { method: "POST", path: "/api/data/features/join", summary: "Join feature views to a dataset's rows, each as it was known at the row's time", permission: "data.write", body: features.joinFeaturesSchema, response: jobs.startedSchema, status: 202 },
  "data.materialiseFeatures": { method: "POST", path: "/api/data/features/:name/materialise", summary: "Write a feature view's newest values to the online table", permission: "data.write", parameters: named, body: features.featureVersionSchema, response: jobs.startedSchema, status: 202 },
  "data.featureValues": { method: "GET", path: "/api/data/features/:name/values", summary: "An entity's newest values (audited)", permission: "data.read", parameters: named, query: features.featureValuesQuerySchema, response: features.featureValuesSchema },
  "data.checkFeatures": { method: "POST", path: "/api/data/features/:name/check", summary: "Compare online values with the point-in-time join (audited)", permission: "data.read", parameters: named, body: features.checkFeaturesSchema, response: features.featureSkewSchema },

  "data.sources": { method: "GET", path: "/api/data/sources", summary: "Data sources: how far each was read", permission: "data.read", response: z.object({ items: z.array(data.sourceSchema) }) },
  "data.readSource": { method: "POST", path: "/api/data/sources/:name/read", summary: "Read what is new in a source, as an upload", permission: "data.write", parameters: named, body: data.readSourceSchema, response: jobs.startedSchema, status: 202 },
  "data.push": { method: "POST", path: "/api/data/:name/rows", summary: "Send rows to a source of kind push; a batch and a key are taken once", permission: "data.write", parameters: named, body: data.pushRowsSchema, response: data.pushedRowsSchema },

  "models.createRun": { method: "POST", path: "/api/models/runs", summary: "Train a model", permission: "models.write", body: models.createRunSchema, response: jobs.startedSchema.extend({ runId: idSchema }), status: 202 },
  "models.listRuns": { method: "GET", path: "/api/models/runs", summary: "List runs", permission: "models.read", query: pageQuerySchema.extend({ model: nameSchema.optional(), dataset: z.string().max(100).optional() }), response: pageOf(models.runSchema) },
  "models.compareRuns": { method: "GET", path: "/api/models/runs/compare", summary: "Two runs on the same dataset, side by side, with paired intervals", permission: "models.read", query: experiments.compareRunsQuerySchema, response: experiments.runComparisonSchema },
  "models.getRun": { method: "GET", path: "/api/models/runs/:id", summary: "One run", permission: "models.read", parameters: byId, response: models.runSchema },
  "models.createExperiment": { method: "POST", path: "/api/models/experiments", summary: "Search trainers and parameters, cross-validated", permission: "models.write", body: experiments.createExperimentSchema, response: jobs.startedSchema.extend({ experimentId: idSchema }), status: 202 },
  "models.getExperiment": { method: "GET", path: "/api/models/experiments/:id", summary: "One search, its trials and what it chose", permission: "models.read", parameters: byId, response: experiments.experimentSchema },
  "models.list": { method: "GET", path: "/api/models", summary: "List models", permission: "models.read", response: z.object({ items: z.array(models.modelSchema) }) },
  "models.get": { method: "GET", path: "/api/models/:name", summary: "One model, its aliases and their history", permission: "models.read", parameters: named, response: models.modelDetailSchema },
  "models.importVersion": { method: "POST", path: "/api/models/:name/versions", summary: "Register an uploaded ONNX file as the model's next version", permission: "models.write", parameters: named, body: models.importModelSchema, response: models.modelVersionSchema, status: 201 },
  "models.exportVersion": { method: "GET", path: "/api/models/:name/versions/:version/file", summary: "A version's ONNX file (audited)", permission: "models.read", parameters: versioned, response: "stream" },
  "models.getVersion": { method: "GET", path: "/api/models/:name/versions/:version", summary: "One version: signature, metrics, card", permission: "models.read", parameters: versioned, response: models.modelVersionSchema },

  "gateway.models": { method: "GET", path: "/api/gateway/models", summary: "Foundation models as this node sees them: names, targets, circuits, keys by their place, prices", permission: "gateway.read", response: gateway.gatewayModelsSchema },
  "gateway.traffic": { method: "GET", path: "/api/gateway/traffic", summary: "Calls of foundation models in the last hours: who answered, how fast, what it cost", permission: "gateway.read", query: gateway.modelTrafficQuerySchema, response: gateway.modelTrafficSchema },
  "gateway.budgets": { method: "GET", path: "/api/gateway/budgets", summary: "Budgets of foundation models: what is used, reserved, left, and when more is free", permission: "gateway.read", query: gateway.budgetsQuerySchema, response: gateway.budgetsSchema },
  "gateway.cache": { method: "GET", path: "/api/gateway/cache", summary: "Answers of foundation models that this node keeps: how many, hits, misses, what they saved", permission: "gateway.read", response: gateway.cacheReportSchema },
  "gateway.clearCache": { method: "DELETE", path: "/api/gateway/cache", summary: "Forget the project's kept answers on this node", permission: "gateway.write", response: gateway.cacheClearedSchema },

  "functions.list": { method: "GET", path: "/api/functions", summary: "List functions", permission: "functions.read", response: z.object({ items: z.array(functions.functionSchema) }) },
  "functions.get": { method: "GET", path: "/api/functions/:name", summary: "One function: purpose, variants, traffic", permission: "functions.read", parameters: named, response: functions.functionDetailSchema },
  "functions.series": { method: "GET", path: "/api/functions/:name/series", summary: "Traffic, latency, labels and accuracy over time", permission: "functions.read", parameters: named, query: functions.seriesQuerySchema, response: z.object({ points: z.array(functions.seriesPointSchema) }) },
  "functions.infer": { method: "POST", path: "/api/functions/:name/infer", summary: "Ask a function", permission: "functions.infer", parameters: named, body: functions.inferRequestSchema, response: functions.inferResponseSchema, hot: true },
  "functions.inferMany": { method: "POST", path: "/api/functions/:name/infer-many", summary: "Ask a function about many inputs at once: each is an inference of its own", permission: "functions.infer", parameters: named, body: functions.inferManyRequestSchema, response: functions.inferManyResponseSchema },
  "batches.create": { method: "POST", path: "/api/functions/:name/batches", summary: "Ask a function about every row of a dataset version or an upload", permission: "functions.infer", parameters: named, body: batches.createBatchSchema, response: batches.batchSchema, status: 202 },
  "batches.list": { method: "GET", path: "/api/functions/:name/batches", summary: "Batches of a function, newest first (functions.read or functions.infer)", permission: "any", parameters: named, query: pageQuerySchema, response: pageOf(batches.batchSchema) },
  "batches.get": { method: "GET", path: "/api/functions/:name/batches/:id", summary: "How far a batch is (functions.read or functions.infer)", permission: "any", parameters: batchOf, response: batches.batchSchema },
  "batches.cancel": { method: "POST", path: "/api/functions/:name/batches/:id/cancel", summary: "Ask no further row; what was answered is its result (functions.write, or functions.infer for one's own)", permission: "any", parameters: batchOf, response: batches.batchSchema },
  "batches.result": { method: "GET", path: "/api/functions/:name/batches/:id/result", summary: "Download what a batch answered (audited; evidence.read, or functions.infer for one's own)", permission: "any", parameters: batchOf, query: z.object({ format: batches.batchFormatSchema.default("jsonl") }), response: "stream" },
  "inferences.list": { method: "GET", path: "/api/inferences", summary: "List inferences", permission: "functions.read", query: functions.inferencesQuerySchema, response: pageOf(functions.inferenceSchema) },
  "inferences.get": { method: "GET", path: "/api/inferences/:id", summary: "One inference with everything that produced it (audited)", permission: "evidence.read", parameters: byId, response: functions.inferenceDetailSchema },
  "inferences.eraseBody": { method: "DELETE", path: "/api/inferences/:id/body", summary: "Erase what went in and came out of one inference", permission: "evidence.write", parameters: byId, response: functions.erasedBodySchema },
  "evidence.get": { method: "GET", path: "/api/evidence", summary: "Accepted, stored, rejected", permission: "functions.read", response: functions.evidenceSchema },

  "feedback.submit": { method: "POST", path: "/api/feedback", summary: "Say what was right", permission: "feedback.write", body: feedback.submitFeedbackSchema, response: feedback.feedbackReceiptSchema },
  "feedback.list": { method: "GET", path: "/api/feedback", summary: "List feedback", permission: "feedback.read", query: pageQuerySchema.extend({ function: nameSchema.optional() }), response: pageOf(feedback.feedbackSchema) },
  "feedback.stats": { method: "GET", path: "/api/feedback/stats", summary: "How much came back", permission: "feedback.read", query: z.object({ function: nameSchema.optional() }), response: feedback.feedbackStatsSchema },
  "feedback.curate": { method: "POST", path: "/api/feedback/curate", summary: "Build a dataset from inferences and their labels", permission: "data.write", body: feedback.curateSchema, response: jobs.startedSchema, status: 202 },

  "monitoring.windows": { method: "GET", path: "/api/monitoring/windows", summary: "Windows and what was measured in them", permission: "monitoring.read", query: byFunction, response: z.object({ items: z.array(monitoring.windowSchema) }) },
  "monitoring.run": { method: "POST", path: "/api/monitoring/run", summary: "Run the monitors now", permission: "monitoring.write", body: monitoring.runMonitoringSchema, response: monitoring.monitoringRunSchema },
  "monitoring.alerts": { method: "GET", path: "/api/monitoring/alerts", summary: "List alerts", permission: "monitoring.read", query: z.object({ function: nameSchema.optional(), status: z.enum(["open", "acknowledged", "resolved"]).optional() }), response: z.object({ items: z.array(monitoring.alertSchema) }) },
  "monitoring.alert": { method: "GET", path: "/api/monitoring/alerts/:id", summary: "One alert", permission: "monitoring.read", parameters: byId, response: monitoring.alertSchema },
  "monitoring.changeAlert": { method: "PUT", path: "/api/monitoring/alerts/:id", summary: "Acknowledge or resolve an alert", permission: "monitoring.write", parameters: byId, body: monitoring.changeAlertSchema, response: monitoring.alertSchema },

  "evaluation.list": { method: "GET", path: "/api/evaluation", summary: "List evaluations", permission: "evaluation.read", query: pageQuerySchema.extend({ function: nameSchema.optional() }), response: pageOf(evaluation.evaluationSchema) },
  "evaluation.get": { method: "GET", path: "/api/evaluation/:id", summary: "One evaluation", permission: "evaluation.read", parameters: byId, response: evaluation.evaluationSchema },
  "evaluation.create": { method: "POST", path: "/api/evaluation", summary: "Compare two model versions on a dataset's held-back rows", permission: "evaluation.write", body: evaluation.createEvaluationSchema, response: jobs.startedSchema, status: 202 },

  "release.list": { method: "GET", path: "/api/release/functions/:function", summary: "Releases of a function, newest first", permission: "release.read", parameters: byFunction, response: z.object({ items: z.array(release.releaseSchema) }) },
  "release.rollback": { method: "POST", path: "/api/release/functions/:function/rollback", summary: "Go back to the stable binding before", permission: "release.write", parameters: byFunction, body: release.rollbackSchema, response: release.releaseSchema },
  "release.retrain": { method: "POST", path: "/api/release/retrainings", summary: "Start a retraining", permission: "release.write", body: release.startRetrainingSchema, response: release.retrainingSchema, status: 202 },
  "release.listRetrainings": { method: "GET", path: "/api/release/retrainings", summary: "List retrainings, newest first", permission: "release.read", query: z.object({ function: nameSchema.optional() }), response: z.object({ items: z.array(release.retrainingSchema) }) },
  "release.getRetraining": { method: "GET", path: "/api/release/retrainings/:id", summary: "One retraining", permission: "release.read", parameters: byId, response: release.retrainingSchema },

  "storage.status": { method: "GET", path: "/api/storage", summary: "Which store, how old the state is", permission: "storage.read", response: overview.storageStatusSchema },
  "storage.retention": { method: "GET", path: "/api/storage/retention", summary: "Evidence whose time in SQL is over, and what keeps it", permission: "storage.read", response: storage.retentionSchema },
  "storage.backup": { method: "POST", path: "/api/storage/backup", summary: "Write a backup into the data folder's backups", permission: "storage.write", body: overview.backupRequestSchema, response: overview.backupSchema },
} as const satisfies Record<string, Route>;

export type Routes = typeof routes;
export type Operation = keyof Routes;

type OptionalWhenEmpty<K extends string, T> = Record<never, never> extends T ? { [P in K]?: T } : { [P in K]: T };
type Field<R, K extends string> =
  R extends Record<K, infer S>
    ? S extends z.ZodType
      ? OptionalWhenEmpty<K, z.input<S>>
      : { [P in K]: string | Uint8Array | Blob | ReadableStream<Uint8Array> }
    : unknown;
type Parsed<R, K extends string> =
  R extends Record<K, infer S> ? (S extends z.ZodType ? { [P in K]: z.output<S> } : { [P in K]: AsyncIterable<Uint8Array> }) : unknown;

/** What a caller passes to an operation: `parameters` of the path, `query`, `body`. */
export type OperationInput<O extends Operation> = Field<Routes[O], "parameters"> & Field<Routes[O], "query"> & Field<Routes[O], "body">;
/** What a handler receives after parsing. */
export type OperationRequest<O extends Operation> = Parsed<Routes[O], "parameters"> &
  Parsed<Routes[O], "query"> &
  Parsed<Routes[O], "body">;
/** What an operation answers. */
export type OperationResponse<O extends Operation> = Routes[O]["response"] extends z.ZodType
  ? z.output<Routes[O]["response"]>
  : ReadableStream<Uint8Array>;
