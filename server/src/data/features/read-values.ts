import type { FeatureValues } from "@millrace/contract";
import type { FeatureView } from "./config.ts";
import { referenceOf } from "./find-view.ts";
import type { StoredValues } from "./repository.ts";

export interface Reading {
  readonly entity: string[];
  readonly found: StoredValues | null;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** What is served: values older than the time to live are not, as the join would not give them either. */
export function toFeatureValues(view: FeatureView, { entity, found, now }: Reading): FeatureValues {
  if (found === null)
    return { view: referenceOf(view), entity, status: "unknown", values: null, eventTime: null, materialisedAt: null, ageSeconds: null };
  const ageSeconds = (now - Date.parse(found.eventTime)) / 1000;
  const expired = view.timeToLiveSeconds !== undefined && ageSeconds > view.timeToLiveSeconds;
  return {
    view: referenceOf(view),
    entity,
    status: expired ? "expired" : "fresh",
    values: expired ? null : found.values,
    eventTime: found.eventTime,
    materialisedAt: found.materialisedAt,
    ageSeconds,
  };
}
