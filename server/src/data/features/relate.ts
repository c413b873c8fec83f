import type { FeatureRelation } from "./join-repository.ts";
import type { FeatureRows } from "./open-rows.ts";

const numeric = /^(?:U?(?:TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|FLOAT|DOUBLE|DECIMAL)/;

/** A view's rows as the join takes them. `types` are those of the other side; without them entities are compared as text. */
export function relate(rows: FeatureRows, relation: string, types?: ReadonlyMap<string, string>): FeatureRelation {
  const { view } = rows;
  return {
    relation,
    entity: view.entity,
    eventTime: view.eventTime,
    arrivalTime: view.arrivalTime ?? null,
    features: rows.features,
    timeToLiveSeconds: view.timeToLiveSeconds ?? null,
    entityAsText: types === undefined || view.entity.some((name) => !comparable(types.get(name), rows.types.get(name))),
  };
}

function comparable(left: string | undefined, right: string | undefined): boolean {
  return left === right || (left !== undefined && right !== undefined && numeric.test(left) && numeric.test(right));
}
