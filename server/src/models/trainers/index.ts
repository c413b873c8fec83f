import { AppError } from "../../core/index.ts";
import { baseline } from "./baseline/train.ts";
import { boostedTrees } from "./boosted-trees/train.ts";
import { linear } from "./linear/train.ts";
import { textClassifier } from "./text-classifier/train.ts";
import type { Trainer } from "./types.ts";

/** Every trainer, by name. To add one: a folder of the same shape, one line here, one section in docs/models.md. */
export const trainers: Readonly<Record<string, Trainer>> = Object.fromEntries(
  [textClassifier, boostedTrees, linear, baseline].map((trainer) => [trainer.name, trainer]),
);

/** The trainer, or `unknown_trainer` naming those there are. */
export function findTrainer(name: string): Trainer {
  const trainer = Object.hasOwn(trainers, name) ? trainers[name] : undefined;
  if (trainer === undefined) {
    throw new AppError("unknown_trainer", `There is no trainer "${name}". There are: ${Object.keys(trainers).join(", ")}.`, {
      details: { trainers: Object.keys(trainers) },
    });
  }
  return trainer;
}

export type { TrainedModel, Trainer, TrainerContext, TrainingRows } from "./types.ts";
