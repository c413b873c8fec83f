import { quoteName } from "../../storage/index.ts";

/** The rows that ask: each names an entity and an instant. */
export interface Spine {
  /** Name of the view over its file. */
  readonly relation: string;
  /** What of it goes into the result, in this order. */
  readonly columns: readonly string[];
  readonly timeColumn: string;
}

/** Rows of a feature view, as a relation. */
export interface FeatureRelation {
  readonly relation: string;
  readonly entity: readonly string[];
  readonly eventTime: string;
  readonly arrivalTime: string | null;
  readonly features: readonly string[];
  readonly timeToLiveSeconds: number | null;
  /** Compare entities as text: the types of the two sides differ. */
  readonly entityAsText: boolean;
}

/**
 * The point-in-time join as one SELECT: each row of the spine with, for each view, the features of the row that had the latest
 * event time among those that had happened and arrived by the row's own time, or nulls where there is none or it is older than
 * the time to live. Rows of one event time: the last to arrive, then the greatest by its features, so that the order of the
 * source does not show. The result has the order of the spine.
 *
 * A feature row counts from `usable` = the later of event and arrival on. Among the rows of an entity in the order of `usable`
 * only those that rank above every earlier one can ever be the answer; the last of these not after t is the answer at t. That
 * leaves one inequality, which is what an as-of join (pandas `merge_asof`, backward) decides; a time to live is checked after
 * it, because where the latest event is too old, all others are.
 */
export function joinSql(spine: Spine, views: readonly FeatureRelation[]): string {
  const kept = spine.columns.map((name, index) => `${quoteName(name)} AS c${index}`);
  const asked = views.flatMap((view, number) => view.entity.map((name, index) => `${entityColumn(view, name)} AS v${number}_e${index}`));
  const row = [...kept, ...asked, `CAST(${quoteName(spine.timeColumn)} AS TIMESTAMP) AS asked_at`, "row_number() OVER () AS place"];
  const shown = [
    ...spine.columns.map((name, index) => `spine_rows.c${index} AS ${quoteName(name)}`),
    ...views.flatMap((view, number) => view.features.map((name, index) => `${featureAt(view, number, index)} AS ${quoteName(name)}`)),
  ];
  const joins = views.map((view, number) => {
    const same = view.entity.map((_, index) => `spine_rows.v${number}_e${index} = known_${number}.e${index}`);
    return `ASOF LEFT JOIN known_${number} ON ${same.join(" AND ")} AND spine_rows.asked_at >= known_${number}.usable`;
  });
  return [
    `WITH spine_rows AS (SELECT ${row.join(", ")} FROM ${quoteName(spine.relation)})`,
    ...views.map((view, number) => `, known_${number} AS (${knownSql(view)})`),
    `SELECT ${shown.join(", ")} FROM spine_rows`,
    ...joins,
    "ORDER BY spine_rows.place",
  ].join("\n");
}

/**
 * One row an entity, as it was known at `$as_of`: `e0`..., `f0`..., `event`. The same answer as `joinSql` for a spine of every
 * entity at that instant, without those that have none.
 */
export function latestSql(view: FeatureRelation): string {
  const order = orderOf(view).map((column) => `${column} DESC NULLS FIRST`);
  const alive = view.timeToLiveSeconds === null ? "" : ` AND event + to_seconds(${view.timeToLiveSeconds}) >= $as_of::TIMESTAMP`;
  return `WITH usable_rows AS (${rowsSql(view)})
SELECT ${entities(view).join(", ")}, ${features(view).join(", ")}, event FROM (
  SELECT * FROM usable_rows WHERE usable <= $as_of::TIMESTAMP
  QUALIFY row_number() OVER (PARTITION BY ${entities(view).join(", ")} ORDER BY ${order.join(", ")}) = 1
) WHERE true${alive} ORDER BY ${entities(view).join(", ")}`;
}

/** How many entities `latestSql` answers. */
export function countLatestSql(view: FeatureRelation): string {
  return `SELECT count(*) AS entities FROM (${latestSql(view)})`;
}

/** Over what `latestSql` answered, as `latest`: the newest event with a value, as `f0`... */
export function newestSql(features: readonly string[]): string {
  return `SELECT ${features.map((_, index) => `max(event) FILTER (WHERE f${index} IS NOT NULL) AS f${index}`).join(", ")} FROM latest`;
}

/** Over what `joinSql` answered, as `joined`: the share of rows without a value, as `f0`... */
export function missingSql(features: readonly string[]): string {
  const shares = features.map((name, index) => `1 - count(${quoteName(name)}) / greatest(count(*), 1) AS f${index}`);
  return `SELECT ${shares.join(", ")} FROM joined`;
}

/** The columns of a relation and their types: `name`, `type`. */
export function describeSql(relation: string): string {
  return `SELECT column_name AS name, column_type AS type FROM (DESCRIBE SELECT * FROM ${quoteName(relation)})`;
}

function featureAt(view: FeatureRelation, number: number, index: number): string {
  const value = `known_${number}.f${index}`;
  return view.timeToLiveSeconds === null ? value : `CASE WHEN spine_rows.asked_at <= known_${number}.expires THEN ${value} END`;
}

/** The rows that can be an answer, each with the instant from which on it is one. */
function knownSql(view: FeatureRelation): string {
  const entity = entities(view).join(", ");
  const expires = view.timeToLiveSeconds === null ? "" : `, event + to_seconds(${view.timeToLiveSeconds}) AS expires`;
  const shown = `${entity}, ${features(view).join(", ")}, usable${expires}`;
  const order = orderOf(view).join(", ");
  if (view.arrivalTime === null)
    return `SELECT ${shown} FROM (${rowsSql(view)}) QUALIFY lead(usable) OVER (PARTITION BY ${entity} ORDER BY ${order}) IS DISTINCT FROM usable`;
  return `SELECT ${shown} FROM (
  SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY ${entity} ORDER BY ${order}) AS rank FROM (${rowsSql(view)}))
  QUALIFY rank = max(rank) OVER (PARTITION BY ${entity} ORDER BY usable, rank ROWS UNBOUNDED PRECEDING)
) QUALIFY lead(usable) OVER (PARTITION BY ${entity} ORDER BY usable, rank) IS DISTINCT FROM usable`;
}

/** The view's rows under names of ours, so that no column of the source can clash with them. */
function rowsSql(view: FeatureRelation): string {
  const event = `CAST(${quoteName(view.eventTime)} AS TIMESTAMP)`;
  const arrival = view.arrivalTime === null ? null : `CAST(${quoteName(view.arrivalTime)} AS TIMESTAMP)`;
  const columns = [
    ...view.entity.map((name, index) => `${entityColumn(view, name)} AS e${index}`),
    ...view.features.map((name, index) => `${quoteName(name)} AS f${index}`),
    `${event} AS event`,
    ...(arrival === null ? [`${event} AS usable`] : [`${arrival} AS arrival`, `greatest(${event}, ${arrival}) AS usable`]),
  ];
  const known = [...view.entity, view.eventTime, ...(view.arrivalTime === null ? [] : [view.arrivalTime])];
  const filled = known.map((name) => `${quoteName(name)} IS NOT NULL`);
  return `SELECT ${columns.join(", ")} FROM ${quoteName(view.relation)} WHERE ${filled.join(" AND ")}`;
}

function entityColumn(view: FeatureRelation, name: string): string {
  return view.entityAsText ? `CAST(${quoteName(name)} AS VARCHAR)` : quoteName(name);
}

function entities(view: FeatureRelation): string[] {
  return view.entity.map((_, index) => `e${index}`);
}

function features(view: FeatureRelation): string[] {
  return view.features.map((_, index) => `f${index}`);
}

/** What makes one row of an entity the answer rather than another: least first. */
function orderOf(view: FeatureRelation): string[] {
  return ["event", ...(view.arrivalTime === null ? [] : ["arrival"]), ...features(view)];
}
