import type { RunMetrics } from "@millrace/contract";
import { evaluateRows } from "./evaluate-rows.ts";
import { evaluateValues } from "./evaluate-values.ts";
import { type TrainingRows, findTrainer } from "./trainers/index.ts";

export interface HeldBack {
  readonly columns: TrainingRows["columns"];
  /** The labels as text. */
  readonly truth: readonly string[];
}

/** What the trainer `baseline` comes to on the rows held back: the least that any model must beat. */
export async function compareBaselines(train: TrainingRows, held: HeldBack, seed: number): Promise<NonNullable<RunMetrics["baselines"]>> {
  const answer = async (parameters: object) => {
    const trained = await findTrainer("baseline").train(train, parameters, { seed, onProgress: () => {} });
    return trained.predict(held.columns);
  };
  if (train.task === "classification") {
    const { accuracy } = evaluateRows({ labels: train.labels, truth: held.truth, probabilities: await answer({}), slices: {} });
    return [{ name: "majority", metric: "accuracy", estimate: accuracy }];
  }
  const both = await Promise.all(
    ["mean", "last"].map(async (value) => {
      const predicted = (await answer({ value })).map(([number]) => number!);
      const { mae, rmse } = evaluateValues({ truth: held.truth.map(Number), predicted, slices: {} });
      return [
        { name: value, metric: "mae", estimate: mae },
        { name: value, metric: "rmse", estimate: rmse },
      ];
    }),
  );
  return both.flat();
}
