import { AppError, type Clock, type Context, type Egress } from "../core/index.ts";
import type { AuditChange } from "../governance/index.ts";
import type { Jobs } from "../jobs/index.ts";
import { type BlobStore, type Lake, type Sql, type Tx, readLines } from "../storage/index.ts";
import type { DataConfig } from "./config.ts";
import { compareDatasets } from "./compare/compare-datasets.ts";
import { checkContract } from "./contract-rules.ts";
import { type CreateDeps, checkRoles, createDataset } from "./create-dataset.ts";
import { createFeatures } from "./features/create.ts";
import { type CreateDatasetInput, createDatasetWorkflow, defineWorkflows } from "./jobs.ts";
import { createLabels } from "./labels/create.ts";
import { profileDataset } from "./profile-dataset.ts";
import { formatReference, parseReference } from "./reference.ts";
import * as repository from "./repository.ts";
import { createSources } from "./sources/create-sources.ts";
import { readLineage } from "./read-lineage.ts";
import { setTag } from "./set-tag.ts";
import { storeUpload } from "./store-upload.ts";
import { traceRow } from "./trace-row.ts";
import type { Data, DatasetDetail, QuarantinedRow, Upload } from "./types.ts";

export interface DataDeps {
  readonly sql: Sql;
  readonly blobs: BlobStore;
  readonly lake: Lake;
  readonly jobs: Jobs;
  /** Governance's `audit`. */
  readonly audit: (tx: Tx, change: AuditChange) => Promise<void>;
  readonly clock: Clock;
  readonly egress: Egress;
  readonly config: DataConfig;
  /** A folder for work in progress. */
  readonly scratchFolder: string;
}

/** Defines its workflow on `jobs`: call it before `jobs.start()`. */
export function createData(deps: DataDeps): Data {
  const { sql, blobs, lake, jobs, audit } = deps;
  const createDeps: CreateDeps = { ...deps, emit: (tx, event) => jobs.emit(tx, event) };
  defineWorkflows(jobs, createDeps);

  async function find(context: Context, reference: string): Promise<repository.StoredVersion> {
    const { name, version } = parseReference(reference);
    const found = await sql.as(context, (tx) => repository.findVersion(tx, name, version));
    if (found === null) throw new AppError("unknown_dataset", `There is no dataset ${reference}.`, { details: { reference } });
    return found;
  }

  async function findUpload(context: Context, id: string): Promise<Upload> {
    const upload = await sql.as(context, (tx) => repository.findUpload(tx, id));
    if (upload === null) throw new AppError("not_found", `There is no upload ${id}.`);
    return upload;
  }

  /** Looks a version up and notes in the audit log that somebody reads rows of it. */
  async function findAudited(
    context: Context,
    reference: string,
    change: { action: string; query: unknown },
  ): Promise<repository.StoredVersion> {
    const found = await find(context, reference);
    await sql.as(context, (tx) => audit(tx, { action: change.action, object: `dataset:${formatReference(found)}`, after: change.query }));
    return found;
  }

  return {
    sources: createSources(deps),

    features: createFeatures({
      ...deps,
      views: deps.config.features,
      timeoutMs: deps.config.buildMinutes * 60_000,
      find: async (context, reference) => toDetail(await find(context, reference)),
      snapshot: async (context, reference) => {
        const found = await find(context, reference);
        return { reference: formatReference(found), path: await blobs.path(context, found.hash) };
      },
      createFromRows: (rows, run) => createDataset(rows, run, createDeps),
    }),

    labels: createLabels({
      ...deps,
      snapshot: async (context, reference, query) => {
        const found = await findAudited(context, reference, { action: "data.check-labels", query });
        return { dataset: toDetail(found), path: await blobs.path(context, found.hash) };
      },
    }),

    upload: (context, bytes) => storeUpload(context, bytes, deps),
    findUpload,

    async create(context, request) {
      checkRoles(request);
      if (typeof request.contract === "object") checkContract(request.contract, request);
      const upload = await findUpload(context, request.uploadId);
      if (request.contract === "inherit") await find(context, request.name);
      const input: CreateDatasetInput = { request, upload: { hash: upload.hash, rows: upload.rows } };
      return jobs.startWorkflow(context, createDatasetWorkflow, input);
    },

    createFromRows: (_context, input, run) => createDataset(input, run, createDeps),

    list: (context, page) => sql.as(context, (tx) => repository.listVersions(tx, page)),

    async get(context, reference) {
      return toDetail(await find(context, reference));
    },

    async lineage(context, reference) {
      const found = toDetail(await find(context, reference));
      return sql.as(context, (tx) => readLineage(tx, found));
    },

    setTag: (context, tag) => sql.as(context, (tx) => setTag(tx, tag, audit)),

    async trace(context, reference, row) {
      const found = await findAudited(context, reference, { action: "data.read-rows", query: { row } });
      return traceRow(context, { version: toDetail(found), row }, { lake, blobs });
    },

    async compare(context, from, to) {
      const [before, after] = [await find(context, from), await find(context, to)];
      const files = { before: await blobs.path(context, before.hash), after: await blobs.path(context, after.hash) };
      return compareDatasets(before, after, { lake, files, timeoutMs: deps.config.buildMinutes * 60_000 });
    },

    async profile(context, reference, contract) {
      const heldTo = await find(context, contract ?? reference);
      const dataset = await findAudited(context, reference, { action: "data.profile", query: { contract: formatReference(heldTo) } });
      const path = await blobs.path(context, dataset.hash);
      const options = { timeoutMs: deps.config.buildMinutes * 60_000 };
      return profileDataset({ dataset: toDetail(dataset), path, heldTo: toDetail(heldTo) }, { lake, options });
    },

    async rows(context, reference, query) {
      const found = await findAudited(context, reference, { action: "data.read-rows", query });
      const where = query.split === undefined ? [] : [{ column: "_split", operator: "=" as const, value: query.split }];
      const rows = await lake.readParquet(await blobs.path(context, found.hash), { where, limit: query.limit, offset: query.offset });
      const total = found.splits
        .filter((split) => query.split === undefined || split.name === query.split)
        .reduce((sum, split) => sum + split.rows, 0);
      return { rows, total };
    },

    async quarantine(context, reference, query) {
      const found = await findAudited(context, reference, { action: "data.read-quarantine", query });
      return found.quarantined === 0 ? [] : readFirstLines(await blobs.path(context, found.quarantineHash), query.limit);
    },

    async snapshot(context, reference) {
      const found = await find(context, reference);
      return { dataset: toDetail(found), path: await blobs.path(context, found.hash) };
    },

    async snapshotPath(context, reference) {
      return blobs.path(context, (await find(context, reference)).hash);
    },
  };
}

function toDetail({ quarantineHash: _, ...detail }: repository.StoredVersion): DatasetDetail {
  return detail;
}

async function readFirstLines(path: string, limit: number): Promise<QuarantinedRow[]> {
  const rows: QuarantinedRow[] = [];
  for await (const line of readLines(path)) {
    rows.push(JSON.parse(line) as QuarantinedRow);
    if (rows.length >= limit) break;
  }
  return rows;
}
