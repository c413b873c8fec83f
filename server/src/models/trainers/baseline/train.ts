import { z } from "zod";
import { AppError } from "../../../core/index.ts";
import { mean } from "../../../statistics/index.ts";
import { type Column, graphInputName, signatureOf } from "../../columns.ts";
import { GraphBuilder } from "../../onnx/graph-builder.ts";
import { elementOf } from "../../onnx/elements.ts";
import type { TrainedModel, Trainer, TrainingRows } from "../types.ts";
import { writeClasses, writeValue } from "../write-outputs.ts";

const parametersSchema = z.strictObject({
  /** Of a regression: the mean of the training rows, or the value of the latest one. */
  value: z.enum(["mean", "last"]).default("mean"),
});

/** Answers every row alike, with what the target says by itself: what any model must beat. */
export const baseline: Trainer = {
  name: "baseline",
  summary: "the same answer for every row: the shares of the labels among the training rows, or their mean or latest value",
  tasks: ["classification", "regression"],
  kinds: ["text", "number", "category", "instant"],
  parametersSchema,
  train: (rows, parameters) => train(rows, parametersSchema.parse(parameters)),
};

function train(rows: TrainingRows, { value }: z.output<typeof parametersSchema>): TrainedModel {
  if (rows.columns.length === 0 || rows.count === 0)
    throw new AppError("training_failed", "There is nothing to learn from: no rows, or no features.");
  const answer =
    rows.task === "classification" ? shares(rows) : Float64Array.of(value === "mean" ? mean(rows.target) : rows.target.at(-1)!);
  return {
    onnx: write(rows, answer),
    signature: signatureOf(rows),
    facts: { rows: rows.count },
    predict: (columns) => Array.from({ length: columns[0]!.values.length }, () => answer.slice()),
  };
}

function shares({ target, labels, count }: TrainingRows): Float64Array {
  const counts = new Float64Array(labels.length);
  for (const label of target) counts[label]! += 1 / count;
  return counts;
}

function write({ columns, labels, task }: TrainingRows, answer: Float64Array): Uint8Array {
  const graph = new GraphBuilder();
  const inputs = columns.map((column: Column) => graph.input(graphInputName(column.name), elementOf(column.kind)));
  const rows = graph.add("Shape", [inputs[0]!]);
  const shape = graph.add("Concat", [rows, graph.constant(BigInt64Array.of(BigInt(answer.length)))], { attributes: { axis: 0 } });
  const isClassifier = task === "classification";
  const answers = graph.add("Expand", [graph.floats(...(isClassifier ? answer.map(Math.log) : answer)), shape]);
  if (isClassifier) writeClasses(graph, answers, labels);
  else writeValue(graph, answers);
  return graph.finish();
}
