import type { Release as ReleaseRow, Retraining } from "@millrace/contract";
import { idBound, idTime } from "../core/index.ts";
import type { PairedCounts } from "../statistics/index.ts";
import type { Tx } from "../storage/index.ts";
import type { ArmFigures } from "./guard.ts";

export type ReleaseArm = ReleaseRow["arms"][number];

/** A row of `release_releases`. */
export interface ReleaseRecord {
  readonly id: string;
  readonly function: string;
  readonly stage: ReleaseRow["stage"];
  readonly arms: readonly ReleaseArm[];
  readonly beforeStable: ReleaseArm | null;
  readonly retrainingId: string | null;
  readonly requests: number | null;
  readonly holdRequests: number | null;
  readonly reason: string;
  readonly createdBy: string;
  readonly active: boolean;
}

/** A row of `release_retrainings`. */
export type RetrainingRecord = Omit<Retraining, "workflowId" | "promoted" | "after" | "createdAt"> & {
  readonly binding: string | null;
  readonly previousBinding: string | null;
  /** The release that promoted it. */
  readonly releaseId: string | null;
};

/** Stages in which a retraining is under way. */
export const openStages = ["curate", "train", "evaluate", "gate", "shadow", "canary"] as const satisfies Retraining["stage"][];

const releaseColumns = `id, function, stage, arms, before_stable as "beforeStable", retraining_id as "retrainingId", requests::int as requests, hold_requests as "holdRequests", reason, created_by as "createdBy", active`;
const retrainingColumns = `id, function, trigger, stage, dataset, model_version as "modelVersion", evaluation_id as "evaluationId", verdict, reason, binding, previous_binding as "previousBinding", release_id as "releaseId", updated_at as "updatedAt"`;

export async function insertRelease(tx: Tx, release: Omit<ReleaseRecord, "requests" | "active" | "createdBy">): Promise<void> {
  await tx.client.query(
    `insert into release_releases (project_id, id, function, stage, arms, before_stable, retraining_id, hold_requests, reason, created_by)
     values ($1, $2, $3, $4, $5::jsonb, $6::jsonb, $7, $8, $9, $10)`,
    [
      tx.projectId,
      release.id,
      release.function,
      release.stage,
      JSON.stringify(release.arms),
      release.beforeStable === null ? null : JSON.stringify(release.beforeStable),
      release.retrainingId,
      release.holdRequests,
      release.reason,
      tx.principalId,
    ],
  );
}

/** The active release, locked until the transaction ends: whoever changes a function's traffic waits here for the other. */
export async function lockActive(tx: Tx, functionName: string): Promise<ReleaseRecord | null> {
  const { rows } = await tx.client.query<ReleaseRecord>(
    `select ${releaseColumns} from release_releases where project_id = $1 and function = $2 and active for update`,
    [tx.projectId, functionName],
  );
  return rows[0] ?? null;
}

/** The active release, without waiting for anybody. */
export async function readActive(tx: Tx, functionName: string): Promise<ReleaseRecord | null> {
  const { rows } = await tx.client.query<ReleaseRecord>(
    `select ${releaseColumns} from release_releases where project_id = $1 and function = $2 and active`,
    [tx.projectId, functionName],
  );
  return rows[0] ?? null;
}

/** Closes a release with the requests it saw. */
export async function closeRelease(tx: Tx, release: ReleaseRecord): Promise<void> {
  await tx.client.query("update release_releases set active = false, requests = $3 where project_id = $1 and id = $2", [
    tx.projectId,
    release.id,
    await countRequests(tx, release),
  ]);
}

export async function setReleaseArms(tx: Tx, id: string, arms: readonly ReleaseArm[]): Promise<void> {
  await tx.client.query("update release_releases set arms = $3::jsonb where project_id = $1 and id = $2", [
    tx.projectId,
    id,
    JSON.stringify(arms),
  ]);
}

export async function listReleases(tx: Tx, functionName: string): Promise<ReleaseRecord[]> {
  const { rows } = await tx.client.query<ReleaseRecord>(
    `select ${releaseColumns} from release_releases where project_id = $1 and function = $2 order by id desc limit 200`,
    [tx.projectId, functionName],
  );
  return rows;
}

/** The row that made a binding stable, newest first, before the given release. */
export async function findIntroduction(tx: Tx, functionName: string, binding: string): Promise<ReleaseRecord | null> {
  const { rows } = await tx.client.query<ReleaseRecord>(
    `select ${releaseColumns} from release_releases where project_id = $1 and function = $2 and stage in ('stable', 'promoted')
     and arms @> $3::jsonb order by id desc limit 1`,
    [tx.projectId, functionName, JSON.stringify([{ binding, role: "stable" }])],
  );
  return rows[0] ?? null;
}

/** Counting stops here: beyond it a page only says "many". */
const countLimit = 100_000;

/** Requests a release served: those whose evidence has reached SQL. */
export async function countRequests(tx: Tx, release: Pick<ReleaseRecord, "id" | "function">): Promise<number> {
  const { rows } = await tx.client.query<{ count: string }>(
    `select count(*) as count from (
       select 1 from functions_v_inferences where project_id = $1 and id >= $2 and release_id = $3 and status <> 'refused' limit ${countLimit}
     ) as counted`,
    [tx.projectId, since(release), release.id],
  );
  return Number(rows[0]!.count);
}

interface FiguresRow {
  arm: "stable" | "canary";
  requests: number;
  failures: number;
  fallbacks: number;
  p95: number | null;
  labelled: number;
  right: number;
}

/** What the arms of a release did. */
export async function readArmFigures(tx: Tx, release: Pick<ReleaseRecord, "id">): Promise<{ stable: ArmFigures; canary: ArmFigures }> {
  const { rows } = await tx.client.query<FiguresRow>(
    `select inference.arm, count(*)::int as requests, (count(*) filter (where inference.status <> 'ok'))::int as failures,
       (count(*) filter (where inference.fallback))::int as fallbacks, percentile_cont(0.95) within group (order by inference.latency_ms) as p95,
       count(truth.label)::int as labelled, (count(*) filter (where truth.label = inference.label))::int as right
     from functions_v_inferences as inference
     left join feedback_v_labels as truth on truth.project_id = inference.project_id and truth.inference_id = inference.id
     where inference.project_id = $1 and inference.id >= $2 and inference.release_id = $3 and inference.status <> 'refused' and inference.arm in ('stable', 'canary')
     group by inference.arm`,
    [tx.projectId, since(release), release.id],
  );
  const figuresOf = (arm: "stable" | "canary"): ArmFigures => {
    const row = rows.find((each) => each.arm === arm);
    if (row === undefined) return { requests: 0, failures: 0, fallbacks: 0, p95Ms: null, labelled: 0, right: 0 };
    return {
      requests: row.requests,
      failures: row.failures,
      fallbacks: row.fallbacks,
      p95Ms: row.p95,
      labelled: row.labelled,
      right: row.right,
    };
  };
  return { stable: figuresOf("stable"), canary: figuresOf("canary") };
}

/** What a shadow did while a release was active. */
export async function readShadowFigures(
  tx: Tx,
  release: Pick<ReleaseRecord, "id" | "function">,
  binding: string,
): Promise<{ answers: number; errors: number; agreed: number }> {
  const { rows } = await tx.client.query<{ answers: number; errors: number; agreed: number }>(
    `select count(*)::int as answers, count(error)::int as errors, (count(*) filter (where agrees))::int as agreed from functions_v_shadows
     where project_id = $1 and id >= $2 and function = $3 and binding = $4`,
    [tx.projectId, since(release), release.function, binding],
  );
  return rows[0]!;
}

/** How the champion and the one before, which shadows it, did on the same labelled requests since a release. */
export async function readAfter(
  tx: Tx,
  release: { id: string; champion: string; previous: string },
): Promise<PairedCounts & { championRight: number; previousRight: number }> {
  const { rows } = await tx.client.query<{ n: number; champion: number; previous: number; only_champion: number; only_previous: number }>(
    `select count(*)::int as n, (count(*) filter (where champion_right))::int as champion, (count(*) filter (where previous_right))::int as previous,
       (count(*) filter (where champion_right and not previous_right))::int as only_champion, (count(*) filter (where previous_right and not champion_right))::int as only_previous
     from (
       select coalesce(inference.label = truth.label, false) as champion_right, coalesce(shadow.label = truth.label, false) as previous_right
       from functions_v_inferences as inference
       join functions_v_shadows as shadow on shadow.project_id = inference.project_id and shadow.inference_id = inference.id and shadow.binding = $4
       join feedback_v_labels as truth on truth.project_id = inference.project_id and truth.inference_id = inference.id
       where inference.project_id = $1 and inference.id >= $2 and inference.binding = $3 and inference.status <> 'refused'
     ) as pairs`,
    [tx.projectId, since(release), release.champion, release.previous],
  );
  const row = rows[0]!;
  return {
    n: row.n,
    championRight: row.champion,
    previousRight: row.previous,
    onlyFirst: row.only_champion,
    onlySecond: row.only_previous,
  };
}

/** The arms in force, as functions' table says. */
export async function readArms(tx: Tx, functionName: string): Promise<ReleaseArm[]> {
  const { rows } = await tx.client.query<ReleaseArm>(
    `select arm.binding, arm.variant, coalesce(bound.label, arm.variant) as label, arm.role, arm.share from functions_v_arms as arm
     left join functions_v_bindings as bound on bound.project_id = arm.project_id and bound.hash = arm.binding
     where arm.project_id = $1 and arm.function = $2 order by arm.position`,
    [tx.projectId, functionName],
  );
  return rows;
}

/** False when one is under way already. */
export async function insertRetraining(tx: Tx, retraining: { id: string; function: string; trigger: string }): Promise<boolean> {
  const { rowCount } = await tx.client.query(
    `insert into release_retrainings (project_id, id, function, trigger, stage) values ($1, $2, $3, $4, 'curate')
     on conflict (project_id, function) where stage in ('curate', 'train', 'evaluate', 'gate', 'shadow', 'canary') do nothing returning id`,
    [tx.projectId, retraining.id, retraining.function, retraining.trigger],
  );
  return rowCount > 0;
}

export type RetrainingChange = Partial<
  Pick<
    RetrainingRecord,
    "stage" | "dataset" | "modelVersion" | "evaluationId" | "verdict" | "reason" | "binding" | "previousBinding" | "releaseId"
  >
>;

const columnOf: Record<keyof RetrainingChange, string> = {
  stage: "stage",
  dataset: "dataset",
  modelVersion: "model_version",
  evaluationId: "evaluation_id",
  verdict: "verdict",
  reason: "reason",
  binding: "binding",
  previousBinding: "previous_binding",
  releaseId: "release_id",
};

export async function updateRetraining(tx: Tx, id: string, change: RetrainingChange): Promise<void> {
  const entries = Object.entries(change) as [keyof RetrainingChange, unknown][];
  const sets = entries.map(([key], index) => `${columnOf[key]} = $${index + 3}`);
  await tx.client.query(`update release_retrainings set ${[...sets, "updated_at = now()"].join(", ")} where project_id = $1 and id = $2`, [
    tx.projectId,
    id,
    ...entries.map(([, value]) => value),
  ]);
}

/** Locked, so that its stage cannot change under the reader. */
export async function lockRetraining(tx: Tx, id: string): Promise<RetrainingRecord | null> {
  const { rows } = await tx.client.query<RetrainingRecord>(
    `select ${retrainingColumns} from release_retrainings where project_id = $1 and id = $2 for update`,
    [tx.projectId, id],
  );
  return rows[0] ?? null;
}

export async function listRetrainings(
  tx: Tx,
  query: { function?: string | undefined; id?: string | undefined },
): Promise<RetrainingRecord[]> {
  const { rows } = await tx.client.query<RetrainingRecord>(
    `select ${retrainingColumns} from release_retrainings where project_id = $1 and ($2::text is null or function = $2) and ($3::uuid is null or id = $3) order by id desc limit 200`,
    [tx.projectId, query.function ?? null, query.id ?? null],
  );
  return rows;
}

/** The smallest id evidence of a release can have; a minute of slack for nodes whose clocks differ. */
function since(release: { readonly id: string }): string {
  return idBound(idTime(release.id) - 60_000);
}
