import type { Layout } from "../layout.ts";
import type { BoostingOptions, ObjectiveName } from "../types.ts";
import { binary } from "./binary.ts";
import { lambdarank } from "./lambdarank.ts";
import { multiclass } from "./multiclass.ts";
import { poisson } from "./poisson.ts";
import { quantile } from "./quantile.ts";
import { squaredError } from "./squared-error.ts";
import type { CreateObjective, Objective } from "./types.ts";

const objectives: Readonly<Record<ObjectiveName, CreateObjective>> = {
  binary,
  multiclass,
  "squared-error": squaredError,
  quantile,
  poisson,
  lambdarank,
};

/** The objective over the scores and targets in the shared memory. */
export function createObjective(memory: WebAssembly.Memory, layout: Layout, options: BoostingOptions): Objective {
  const { rows, outputs, groups } = layout;
  const { buffer } = memory;
  return objectives[options.objective]({
    rows,
    scores: new Float64Array(buffer, layout.scoresAt, rows * outputs),
    target: new Float64Array(buffer, layout.targetAt, rows),
    weights: layout.weightsAt === -1 ? null : new Float64Array(buffer, layout.weightsAt, rows),
    groupStarts: layout.groupStartsAt === -1 ? null : new Uint32Array(buffer, layout.groupStartsAt, groups + 1),
    quantile: options.quantile,
    classes: options.classes,
  });
}

export type { Objective } from "./types.ts";
