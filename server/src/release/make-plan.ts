import { AppError, type Context, isAppError } from "../core/index.ts";
import type { Candidate } from "../evaluation/index.ts";
import type { Binding, FunctionDefinition } from "../functions/index.ts";
import type { WorkflowRun } from "../jobs/index.ts";
import { stableOf } from "./change-traffic.ts";
import type { RetrainingConfig } from "./config.ts";
import { readArms, type ReleaseArm } from "./repository.ts";
import type { ReleaseDeps } from "./types.ts";

/** What the steps share. Everything in it is known before the first step, or comes out of one. */
export interface Way {
  readonly deps: ReleaseDeps;
  readonly workflow: WorkflowRun;
  readonly context: Context;
  readonly definition: FunctionDefinition;
  readonly config: RetrainingConfig;
}

export interface Plan {
  /** The dataset version that is not made of inferences itself; null when there is none yet. */
  readonly parent: string | null;
  readonly stable: ReleaseArm;
  readonly champion: Candidate;
  readonly model: string;
  /** The variant that gets the new version. */
  readonly variant: string;
}

/** What a retraining starts from: the data it grows, what serves now, what gets the new version. */
export async function makePlan(way: Way): Promise<Plan> {
  const { deps, context, definition, config } = way;
  const stable = stableOf(await deps.sql.as(context, (tx) => readArms(tx, definition.name)), definition.name);
  const bound = await deps.functions.binding(context, stable.binding);
  if (bound === null) throw new AppError("conflict", `The stable binding ${stable.binding} of "${definition.name}" is not known.`);
  const [variant, model] = findModel(definition, stable.variant);
  return { parent: await findParent(way, config.dataset), stable, champion: candidateOf(bound, definition), variant, model };
}

/** The stable variant if it is a model, else the first in the chain that is. */
function findModel(definition: FunctionDefinition, stableVariant: string): [variant: string, model: string] {
  for (const name of [stableVariant, ...definition.fallback, ...Object.keys(definition.variants)]) {
    const spec = definition.variants[name];
    if (spec?.kind === "model") return [name, spec.model];
  }
  throw new AppError("invalid_request", `No variant of "${definition.name}" is a model, so there is nothing to train.`);
}

/** A model is asked in batches; everything else as it is bound. */
export function candidateOf(binding: Binding, definition: FunctionDefinition): Candidate {
  const { model, version } = binding.resolved as { model?: unknown; version?: unknown };
  if (definition.variants[binding.variant]?.kind === "model" && typeof model === "string" && typeof version === "number")
    return { kind: "model", model, version };
  return { kind: "binding", binding: binding.hash, label: binding.label };
}

/** The newest version that people made: curated ones are made anew each time, with the newest labels of every inference. */
async function findParent({ deps, context }: Way, name: string): Promise<string | null> {
  let reference: string | null = name;
  while (reference !== null) {
    try {
      const dataset = await deps.data.get(context, reference);
      if (!dataset.lineage.sources.some((source) => source.kind === "inferences")) return dataset.reference;
      reference = dataset.lineage.parent;
    } catch (error) {
      if (isAppError(error, "unknown_dataset")) return null;
      throw error;
    }
  }
  return null;
}
