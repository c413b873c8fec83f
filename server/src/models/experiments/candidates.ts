import type { CreateExperiment, Dimension } from "@millrace/contract";
import { AppError } from "../../core/index.ts";
import type { DatasetDetail } from "../../data/index.ts";
import { chooseInputs, chooseTask } from "../choose-inputs.ts";
import { type Trainer, trainers } from "../trainers/index.ts";
import type { Candidate } from "./search/index.ts";

/** Small spaces that are worth a search without a person's word. A trainer that is not here is tried as it is. */
const spaces: Readonly<Record<string, Readonly<Record<string, Dimension>>>> = {
  linear: { penalty: { kind: "log", from: 0.001, to: 1000 }, l1Ratio: { kind: "choice", values: [0, 0.5, 1] } },
  "boosted-trees": {
    trees: { kind: "int", from: 50, to: 300 },
    leaves: { kind: "choice", values: [7, 15, 31, 63] },
    learningRate: { kind: "log", from: 0.03, to: 0.3 },
    minimumRows: { kind: "int", from: 5, to: 60 },
  },
  "text-classifier": { epochs: { kind: "int", from: 4, to: 14 }, learningRate: { kind: "log", from: 0.03, to: 0.3 } },
};

/** From the simplest on; a trainer that is not here counts as the least simple. */
const bySimplicity = ["baseline", "linear", "text-classifier", "boosted-trees"];
/** Those whose answer a person can add up. */
const interpretable = ["baseline", "linear"];

export function simplicityOf(trainer: string): number {
  const place = bySimplicity.indexOf(trainer);
  return place === -1 ? bySimplicity.length : place;
}

/** What is tried: what was asked for, or every trainer that can do the task with these columns, the simplest first. `training_failed` when none can. */
export function chooseCandidates(request: Pick<CreateExperiment, "candidates" | "task" | "limits">, dataset: DatasetDetail): Candidate[] {
  const asked = request.candidates ?? [];
  const found: readonly Candidate[] =
    request.candidates ??
    Object.values(trainers)
      .filter((trainer) => canTrain(trainer, request, dataset))
      .map(({ name }) => ({ trainer: name, parameters: {}, space: spaces[name] ?? {} }))
      .sort((a, b) => simplicityOf(a.trainer) - simplicityOf(b.trainer));
  const kept = found.filter(({ trainer }) => request.limits.interpretable !== true || interpretable.includes(trainer));
  if (kept.length < asked.length || kept.length === 0) {
    throw new AppError(
      "training_failed",
      found.length === kept.length
        ? `No trainer takes the columns of ${dataset.reference} with its label. Leave columns out of the features, or name trainers.`
        : `Only ${interpretable.join(" and ")} can be interpreted. Leave the others out, or the limit.`,
    );
  }
  return kept;
}

function canTrain(trainer: Trainer, request: Pick<CreateExperiment, "task">, dataset: DatasetDetail): boolean {
  const label = dataset.contract.columns.find(({ name }) => name === dataset.labelColumn)!;
  const isTextOnly = trainer.kinds.every((kind) => kind === "text");
  const hasText = dataset.featureColumns.some((feature) =>
    dataset.contract.columns.some(({ name, type, values }) => name === feature && type === "text" && values === null),
  );
  // Numbers read as text are no sentences.
  if (isTextOnly && !hasText) return false;
  try {
    const task = chooseTask(request, { ...trainer, tasks: ["classification", "regression"] }, label);
    chooseInputs(trainer, dataset);
    return trainer.tasks.includes(task);
  } catch (error) {
    if (error instanceof AppError && error.code === "training_failed") return false;
    throw error;
  }
}
