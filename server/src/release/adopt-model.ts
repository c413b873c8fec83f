import type { Context } from "../core/index.ts";
import type { FunctionDefinition } from "../functions/index.ts";
import type { StepRun } from "../jobs/index.ts";
import { changeTraffic } from "./change-traffic.ts";
import { lockActive, readArms } from "./repository.ts";
import type { ReleaseDeps } from "./types.ts";

/**
 * A first version of a model was registered: where a function waits for it (its variant comes before the one that serves, and
 * no release has spoken yet), its binding becomes the stable one. Later versions have to earn it.
 */
export async function adoptModel(
  context: Context,
  ask: { definition: FunctionDefinition; model: string; step: StepRun },
  deps: ReleaseDeps,
): Promise<string | null> {
  const { definition, model, step } = ask;
  const name = definition.fallback.find((each) => {
    const spec = definition.variants[each]!;
    return spec.kind === "model" && spec.model === model;
  });
  if (name === undefined) return null;
  const bound = await deps.functions.bind(context, { function: definition.name, variant: name });
  return deps.sql.as(context, (tx) =>
    step.once(tx, async () => {
      if ((await lockActive(tx, definition.name)) !== null) return null;
      const serving = (await readArms(tx, definition.name)).find((arm) => arm.role === "stable");
      const order = definition.fallback;
      if (serving !== undefined && order.includes(serving.variant) && order.indexOf(serving.variant) <= order.indexOf(name)) return null;
      return changeTraffic(
        tx,
        {
          function: definition.name,
          stage: "stable",
          arms: [{ binding: bound.hash, variant: bound.variant, label: bound.label, role: "stable", share: 1 }],
          ...(serving === undefined ? {} : { replaces: serving }),
          retrainingId: null,
          holdRequests: null,
          reason: `${bound.label} is the first version of the model that "${name}" waited for.`,
        },
        deps,
      );
    }),
  );
}
