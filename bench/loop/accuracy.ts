import { readColumn } from "../../server/src/models/read-columns.ts";
import { findTrainer } from "../../server/src/models/trainers/index.ts";
import { wilson } from "../../server/src/statistics/index.ts";
import { type Check, atLeast, atMost, result } from "../table.ts";
import { readBanking77 } from "./texts.ts";

/** banking77, official split: accuracy of `text-classifier` with its defaults, and CPU seconds of training. */
export const accuracyCheck: Check = {
  name: "banking77",
  async run() {
    const data = readBanking77();
    if (data === null)
      return [{ name: "banking77 accuracy (shared data is not here)", value: null, unit: "", target: "at least 0.9", ok: null, n: 0 }];
    const { train, test } = data;
    const texts = (rows: typeof train) => [
      readColumn(
        { name: "text", type: "text" },
        rows.map((row) => row.text),
      ),
    ];
    const labels = [...new Set(train.map((row) => row.label))].sort();
    const target = Float64Array.from(train, (row) => labels.indexOf(row.label));
    const before = process.cpuUsage();
    const trained = await findTrainer("text-classifier").train(
      { task: "classification", count: train.length, columns: texts(train), target, labels },
      {},
      { seed: 7, onProgress: () => {} },
    );
    const used = process.cpuUsage(before);
    const seconds = (used.user + used.system) / 1e6;
    const right = trained
      .predict(texts(test))
      .filter((row, index) => trained.signature.labels[row.indexOf(Math.max(...row))] === test[index]!.label).length;
    const { value, low, high } = wilson(right, test.length);
    return [
      result(`banking77 accuracy [${low.toFixed(3)}, ${high.toFixed(3)}]`, value, "", { goal: atLeast(0.9), n: test.length }),
      result("banking77 training, CPU", seconds, "s", { goal: atMost(10), n: train.length }),
    ];
  },
};
