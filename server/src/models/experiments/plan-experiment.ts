import type { CreateExperiment, ExperimentMetric } from "@millrace/contract";
import { AppError } from "../../core/index.ts";
import type { DatasetDetail } from "../../data/index.ts";
import { chooseInputs, chooseTask } from "../choose-inputs.ts";
import type { InputColumn } from "../read-columns.ts";
import { checkMetric, metricNames } from "../row-losses.ts";
import { findTrainer } from "../trainers/index.ts";
import { chooseCandidates } from "./candidates.ts";
import type { ExperimentJob } from "./measure-trial.ts";
import { type Plan, checkCandidate } from "./search/index.ts";

/** What a search will do, as the dataset has it. */
export interface ExperimentPlan extends Plan {
  readonly task: "classification" | "regression";
  readonly metric: ExperimentMetric;
  readonly folds: ExperimentJob["folds"];
  readonly labelColumn: string;
  /** The features as each candidate takes them. */
  readonly inputs: readonly (readonly InputColumn[])[];
}

/** `invalid_request`, `unknown_trainer`, `training_failed`: nothing that is asked for is left to fail later. */
export function planExperiment(request: CreateExperiment, dataset: DatasetDetail): ExperimentPlan {
  const { labelColumn, reference } = dataset;
  if (labelColumn === null)
    throw new AppError("training_failed", `The dataset ${reference} names no label column, so there is nothing to learn.`);
  for (const candidate of request.candidates ?? []) checkCandidate(candidate);
  const candidates = chooseCandidates(request, dataset);
  const found = candidates.map(({ trainer }) => findTrainer(trainer));
  const label = dataset.contract.columns.find(({ name }) => name === labelColumn)!;
  const task = chooseTask(
    request,
    { ...found[0]!, ...(request.candidates?.length === 1 ? {} : { tasks: ["classification", "regression"] }) },
    label,
  );
  const unable = found.find(({ tasks }) => !tasks.includes(task));
  if (unable !== undefined)
    throw new AppError("training_failed", `The trainer ${unable.name} cannot do ${task}. It can: ${unable.tasks.join(", ")}.`);
  const metric = request.metric ?? metricNames(task)[0]!;
  checkMetric(metric, task);
  return {
    candidates,
    trials: request.budget.trials,
    seed: request.seed,
    defaultsFirst: request.candidates === undefined && request.algorithm === "tpe",
    task,
    metric,
    folds: chooseFolds(request, dataset),
    labelColumn,
    inputs: found.map((trainer) => chooseInputs(trainer, dataset)),
  };
}

/** Cut as the dataset held rows back, unless asked for otherwise. `invalid_request` for what the dataset cannot give. */
function chooseFolds({ folds }: CreateExperiment, { split, timeColumn, reference }: DatasetDetail): ExperimentJob["folds"] {
  const usual = split.kind === "time" || split.kind === "group" ? split.kind : "stratified";
  const kind = folds.kind ?? usual;
  const group = split.group ?? null;
  if (kind === "group" && group === null)
    throw new AppError(
      "invalid_request",
      `The dataset ${reference} names no group, so its rows cannot be cut by group. Build it with \`split.group\`.`,
    );
  if (kind === "time" && timeColumn === null)
    throw new AppError("invalid_request", `The dataset ${reference} has no time, so its rows have no order. Ask for stratified folds.`);
  return { kind, count: folds.count, group: kind === "group" ? group : null };
}
