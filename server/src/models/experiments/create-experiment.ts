import type { CreateExperiment } from "@millrace/contract";
import { type Context, createId } from "../../core/index.ts";
import type { Data } from "../../data/index.ts";
import type { Jobs } from "../../jobs/index.ts";
import type { TrainDeps } from "../train-model.ts";
import { planExperiment } from "./plan-experiment.ts";
import * as repository from "./repository.ts";

export const searchWorkflow = "models.search@1";

export interface CreateDeps extends Pick<TrainDeps, "sql" | "audit"> {
  readonly data: Pick<Data, "get">;
  readonly jobs: Pick<Jobs, "startWorkflowIn">;
}

/** Refuses what could not be searched before anything is written, then starts the search. */
export async function createExperiment(
  context: Context,
  request: CreateExperiment,
  { sql, audit, data, jobs }: CreateDeps,
): Promise<{ workflowId: string; experimentId: string }> {
  planExperiment(request, await data.get(context, request.dataset));
  const [experimentId, workflowId] = [createId(), createId()];
  const { model, dataset, algorithm, budget, seed } = request;
  await sql.as(context, async (tx) => {
    await repository.insertExperiment(tx, { id: experimentId, request, workflowId });
    await audit(tx, {
      action: "models.search",
      object: `model:${model}`,
      after: { experimentId, dataset, algorithm, budget, seed, workflowId },
    });
    await jobs.startWorkflowIn(tx, searchWorkflow, { experimentId, request }, { workflowId });
  });
  return { workflowId, experimentId };
}
