import { systemContext } from "../core/index.ts";
import type { EventInput } from "../jobs/index.ts";
import { adoptModel } from "./adopt-model.ts";
import { considerRetraining, retrainWorkflow } from "./begin-retraining.ts";
import { retrainingConfigOf } from "./config.ts";
import { endCancelled } from "./reconcile.ts";
import { retrain, type RetrainInput } from "./retrain.ts";
import type { ReleaseDeps } from "./types.ts";

export const onAlertWorkflow = "release.on-alert@1";
export const onModelWorkflow = "release.on-model@1";

/** Whether a retraining is due is asked this often: labels are not events (decisions 3), they are counted. */
const considerEveryMs = 1_000;

/** This module's workflows and its schedule; called before the jobs start. */
export function defineReleaseJobs(deps: ReleaseDeps): void {
  const { jobs, functions } = deps;
  const retrainable = functions.definitions.filter((definition) => retrainingConfigOf(definition) !== null);

  jobs.defineWorkflow(retrainWorkflow, (workflow, input: RetrainInput) => retrain(deps, workflow, input));

  jobs.defineWorkflow(onAlertWorkflow, (workflow, event: EventInput<{ readonly function: string }>) =>
    workflow.step(
      "release.consider",
      async () => {
        const { function: name } = event.payload;
        return retrainable.some((definition) => definition.name === name) ? considerRetraining(workflow.context, name, deps) : null;
      },
      { attempts: 3 },
    ),
  );

  jobs.defineWorkflow(onModelWorkflow, async (workflow, event: EventInput<{ readonly model: string }>) => {
    const { model } = event.payload;
    const releases: string[] = [];
    for (const definition of functions.definitions) {
      const release = await workflow.step(
        `release.adopt-${definition.name}`,
        (step) => adoptModel(workflow.context, { definition, model, step }, deps),
        { attempts: 3 },
      );
      if (release !== null) releases.push(release);
    }
    return releases;
  });

  if (retrainable.length > 0) {
    jobs.defineSchedule("release.consider", considerEveryMs, async () => {
      const context = systemContext("release");
      await endCancelled(context, deps);
      for (const definition of retrainable) await considerRetraining(context, definition.name, deps);
    });
  }
}
