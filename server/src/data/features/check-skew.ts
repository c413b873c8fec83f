import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { FeatureSkew } from "@millrace/contract";
import { AppError, canonicalJson, type Context } from "../../core/index.ts";
import type { LakeRow, Sql } from "../../storage/index.ts";
import type { FeatureView } from "./config.ts";
import { referenceOf } from "./find-view.ts";
import { countLatestSql, joinSql } from "./join-repository.ts";
import { storable } from "./materialise-view.ts";
import { type FeatureRows, type OpenDeps, openRows } from "./open-rows.ts";
import { relate } from "./relate.ts";
import { type StoredValues, countValues, listViews, sampleValues } from "./repository.ts";

export interface CheckDeps extends OpenDeps {
  readonly sql: Sql;
  readonly scratchFolder: string;
  readonly timeoutMs: number;
}

const mostExamples = 10;

/**
 * What is served against what training would be given: each sampled entity of the online table, joined at the instant it was
 * materialised, over the source as it is on disk (a dataset by the version read then). A difference means that rows came late
 * with no arrival time to say so, that the source was rewritten, or that the table was changed by another hand.
 */
export async function checkSkew(input: { context: Context; view: FeatureView; sample: number }, deps: CheckDeps): Promise<FeatureSkew> {
  const { context, view, sample } = input;
  const stored = await deps.sql.as(context, async (tx) => {
    const found = (await listViews(tx)).find((each) => each.name === view.name && each.version === view.version);
    const seed = found?.materialisedAt ?? "";
    return { found, online: await sampleValues(tx, view, { seed, limit: sample }), entities: await countValues(tx, view) };
  });
  const { materialisedAt = null, source = null } = stored.found ?? {};
  if (materialisedAt === null || source === null)
    throw new AppError("conflict", `The feature view ${referenceOf(view)} was never materialised, so there is nothing to compare.`);
  await mkdir(deps.scratchFolder, { recursive: true });
  const folder = await mkdtemp(join(deps.scratchFolder, "features-"));
  try {
    const options = { timeoutMs: deps.timeoutMs, ...(context.signal === undefined ? {} : { signal: context.signal }) };
    const rows = await openRows({ context, view, folder, dataset: "dataset" in view.source ? source : undefined }, deps, options);
    const relation = relate(rows, "known");
    const spine = { relation: "asked", columns: [], timeColumn: atColumn(view) };
    const [, offline, [counted]] = await deps.lake.run(
      [
        { kind: "write", folder, rows: stored.online.map((each) => toAsked(each, view)), columns: askedColumns(view) },
        { kind: "query", sql: joinSql(spine, [relation]), files: { asked: { step: 0 }, known: rows.files } },
        {
          kind: "query",
          sql: countLatestSql(relation),
          files: { known: rows.files },
          params: { as_of: materialisedAt },
        },
      ],
      options,
    );
    const report = compare(stored.online, offline, rows);
    const offlineEntities = Number(counted!["entities"]);
    return {
      view: referenceOf(view),
      source: rows.source,
      materialisedAt,
      ...report,
      onlineEntities: stored.entities,
      offlineEntities,
      skewed: report.different > 0 || offlineEntities !== stored.entities,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A name that no entity column has. */
function atColumn(view: FeatureView): string {
  return `${view.entity.join("")}_at`;
}

function askedColumns(view: FeatureView) {
  return [...view.entity.map((name) => ({ name, type: "text" as const })), { name: atColumn(view), type: "timestamp" as const }];
}

function toAsked(stored: StoredValues, view: FeatureView): LakeRow {
  const parts = JSON.parse(stored.entity) as string[];
  return { ...Object.fromEntries(view.entity.map((name, index) => [name, parts[index]!])), [atColumn(view)]: stored.materialisedAt };
}

function compare(online: readonly StoredValues[], offline: readonly LakeRow[], { features }: FeatureRows) {
  const differing = new Map(features.map((feature) => [feature, 0]));
  const examples: FeatureSkew["examples"] = [];
  let different = 0;
  for (const [index, stored] of online.entries()) {
    let same = true;
    for (const feature of features) {
      const [left, right] = [stored.values[feature] ?? null, storable(offline[index]![feature] ?? null)];
      if (canonicalJson(left) === canonicalJson(right)) continue;
      same = false;
      differing.set(feature, differing.get(feature)! + 1);
      if (examples.length < mostExamples)
        examples.push({ entity: JSON.parse(stored.entity) as string[], feature, online: left, offline: right });
    }
    if (!same) different += 1;
  }
  return {
    compared: online.length,
    different,
    features: [...differing].map(([feature, count]) => ({ feature, different: count })),
    examples,
  };
}
