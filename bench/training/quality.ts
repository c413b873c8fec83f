import { findTrainer } from "../../server/src/models/trainers/index.ts";
import type { TableFeature } from "../../server/src/models/trainers/boosted-trees/types.ts";
import { ndcg, regressionScores, rocAuc } from "../../server/src/statistics/index.ts";
import { type Check, type CheckResult, atLeast, atMost, result } from "../table.ts";
import { compareFits } from "./fits.ts";
import { type Task, hasData, readAdult, readCalifornia, readRanking } from "./tables.ts";

const context = { seed: 7, onProgress: () => {} };

/** adult, official split, defaults: AUC, and the fit beside LightGBM's. */
export const adultCheck: Check = {
  name: "adult",
  async run() {
    if (!hasData("adult")) return [missing("adult AUC", "at least 0.927")];
    const task = readAdult();
    const { columns, target } = task.train;
    const labels = ["<=50K", ">50K"];
    const rows = { task: "classification" as const, count: target.length, columns, target, labels };
    const model = await findTrainer("boosted-trees").train(rows, {}, context);
    const { value, low, high } = rocAuc(
      model.predict(task.test.columns).map(([, yes]) => yes!),
      Array.from(task.test.target, (label) => label === 1),
    );
    return [
      result(`adult AUC [${low.toFixed(4)}, ${high.toFixed(4)}]`, value, "", { goal: atLeast(0.927), n: task.test.target.length }),
      ...compareFits("adult", toTable(task), { objective: "binary", peer: "binary", repeats: 5 }),
    ];
  },
};

/** california_housing, 80/20 with seed 42, defaults: RMSE, and the fit beside LightGBM's. */
export const californiaCheck: Check = {
  name: "california",
  async run() {
    if (!hasData("california_housing")) return [missing("california RMSE", "at most 47,900")];
    const task = readCalifornia();
    const { columns, target } = task.train;
    const rows = { task: "regression" as const, count: target.length, columns, target, labels: [] };
    const model = await findTrainer("boosted-trees").train(rows, {}, context);
    const predicted = model.predict(task.test.columns).map(([value]) => value!);
    const { rmse } = regressionScores([...task.test.target], predicted);
    return [
      result("california RMSE", rmse.value, "USD", { goal: atMost(47_900), n: predicted.length }),
      ...compareFits("california", toTable(task), { objective: "squared-error", peer: "regression", repeats: 5 }),
    ];
  },
};

/** ltr_lightgbm, its own split: mean NDCG at 10 over the queries with a relevant row. */
export const rankingCheck: Check = {
  name: "ranking",
  async run() {
    if (!hasData("ltr_lightgbm")) return [missing("ranking NDCG@10", "at least 0.755")];
    const { train, test } = readRanking();
    const rows = { task: "ranking" as const, count: train.target.length, ...train, labels: [] };
    const model = await findTrainer("boosted-trees").train(rows, rankingParameters, context);
    const scores = model.predict(test.columns).map(([score]) => score!);
    const queries = Map.groupBy(test.target.keys(), (row) => test.groups[row]!);
    const gains = [...queries.values()]
      .filter((places) => places.some((row) => test.target[row]! > 0))
      .map((places) =>
        ndcg(
          places.map((row) => test.target[row]!),
          places.map((row) => scores[row]!),
          { at: 10, gain: "exponential" },
        ),
      );
    const value = gains.reduce((sum, gain) => sum + gain, 0) / gains.length;
    return [result("ranking NDCG@10", value, "", { goal: atLeast(0.755), n: gains.length })];
  },
};

/** As in the example of LightGBM that the data come from. */
const rankingParameters = { minimumRows: 50, minimumHessian: 5 };

function missing(name: string, target: string): CheckResult {
  return { name: `${name} (shared data is not here)`, value: null, unit: "", target, ok: null, n: 0 };
}

/** Categories as codes in order of appearance. */
function toTable({ train: { columns, target } }: Task) {
  const features = columns.map((column): TableFeature => {
    if (column.kind === "number") return { name: column.name, kind: "number", values: column.values };
    const codes = new Map<string, number>();
    const values = Float64Array.from(column.values as readonly string[], (text) => {
      if (text === "") return Number.NaN;
      if (!codes.has(text)) codes.set(text, codes.size);
      return codes.get(text)!;
    });
    return { name: column.name, kind: "category", values };
  });
  return { rows: target.length, features, target };
}
