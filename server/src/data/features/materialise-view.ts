import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, type Context, storableText } from "../../core/index.ts";
import type { AuditChange } from "../../governance/index.ts";
import type { LakeRow, Sql, Tx } from "../../storage/index.ts";
import type { FeatureView } from "./config.ts";
import { entityKey, referenceOf } from "./find-view.ts";
import { latestSql, newestSql } from "./join-repository.ts";
import { type FeatureRows, type OpenDeps, openRows } from "./open-rows.ts";
import { relate } from "./relate.ts";
import { type StoredValues, noteMaterialised, removeOlder, upsertValues } from "./repository.ts";

export interface MaterialiseDeps extends OpenDeps {
  readonly sql: Sql;
  readonly audit: (tx: Tx, change: AuditChange) => Promise<void>;
  readonly clock: Clock;
  readonly scratchFolder: string;
  /** For one query over the lake. */
  readonly timeoutMs: number;
}

export interface MaterialiseInput {
  readonly context: Context;
  readonly view: FeatureView;
  readonly signal: AbortSignal;
}

/** Rows read at a time: each read starts a process. */
const pageRows = 20_000;
/** Rows of one transaction: a few milliseconds of the database. */
const batchRows = 500;

/**
 * Writes the newest row of each entity, as known at this moment, to the online table, and removes entities that have none any
 * more. Repeatable: a run that was cut is made up for by the next. Answers how many entities were written.
 */
export async function materialiseView({ context, view, signal }: MaterialiseInput, deps: MaterialiseDeps): Promise<number> {
  await mkdir(deps.scratchFolder, { recursive: true });
  const folder = await mkdtemp(join(deps.scratchFolder, "features-"));
  const options = { signal, timeoutMs: deps.timeoutMs };
  try {
    const at = new Date(deps.clock.now()).toISOString();
    const rows = await openRows({ context, view, folder }, deps, options);
    const [latest, [newest]] = await deps.lake.run(
      [
        { kind: "derive", sql: latestSql(relate(rows, "rows")), files: { rows: rows.files }, params: { as_of: at }, folder },
        { kind: "query", sql: newestSql(rows.features), files: { latest: { step: 0 } } },
      ],
      options,
    );
    for (let offset = 0; offset < latest.rows; offset += pageRows) {
      const page = await deps.lake.readParquet(latest.path, { limit: pageRows, offset }, options);
      for (let start = 0; start < page.length; start += batchRows) {
        const batch = page.slice(start, start + batchRows).map((row) => toValues(row, rows, at));
        await deps.sql.as(context, (tx) => upsertValues(tx, view, batch));
        signal.throwIfAborted();
      }
    }
    while ((await deps.sql.as(context, (tx) => removeOlder(tx, view, { before: at, limit: batchRows }))) > 0) signal.throwIfAborted();
    const done = { at, source: rows.source, entities: latest.rows, newest: byFeature(rows, newest!) };
    await deps.sql.as(context, async (tx) => {
      await noteMaterialised(tx, view, done);
      await deps.audit(tx, { action: "data.materialise-features", object: `features:${referenceOf(view)}`, after: done });
    });
    return latest.rows;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function byFeature({ features }: FeatureRows, row: LakeRow): Record<string, string | null> {
  return Object.fromEntries(features.map((name, index) => [name, row[`f${index}`] as string | null]));
}

function toValues(row: LakeRow, { view, features }: FeatureRows, at: string): StoredValues {
  const parts = view.entity.map((_, index) => storableText(String(row[`e${index}`])));
  const values = Object.fromEntries(features.map((name, index) => [name, storable(row[`f${index}`] ?? null)]));
  return { entity: entityKey(parts), values, eventTime: String(row["event"]), materialisedAt: at };
}

/** As the table can hold it: see `storableText`. */
export function storable(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_name, item: unknown) => (typeof item === "string" ? storableText(item) : item)));
}
