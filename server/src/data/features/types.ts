import type { FeatureSkew, FeatureValues, FeatureViewStatus, JoinFeatures } from "@millrace/contract";
import type { Context } from "../../core/index.ts";

export interface EntityQuery {
  /** Name of the view; its highest declared version unless one is given. */
  readonly view: string;
  readonly version?: number | undefined;
  /** The entity's key; a JSON array of texts where several columns make it. */
  readonly entity: string;
}

/** Feature views: what was known about an entity at an instant, for training (`join`) and for serving (`values`). */
export interface Features {
  /** Notes each declared view in the project. `config_invalid` when a version's definition is not the one first used. Before the jobs start. */
  define(context: Context): Promise<void>;
  list(context: Context): Promise<FeatureViewStatus[]>;
  /** The newest values of an entity, from the online table. Audited. `not_found` for a view that is not declared. */
  values(context: Context, query: EntityQuery): Promise<FeatureValues>;
  /** Starts the workflow `data.materialise-features`; its result is the number of entities written. */
  materialise(context: Context, view: string, version: number | undefined): Promise<{ workflowId: string }>;
  /** Starts the workflow `data.join-features`. `unknown_dataset`, `not_found`. */
  join(context: Context, request: JoinFeatures): Promise<{ workflowId: string }>;
  /** Samples the online table and compares with the point-in-time join. Audited. `conflict` before the first materialisation. */
  check(context: Context, view: string, how: { version: number | undefined; sample: number }): Promise<FeatureSkew>;
}
