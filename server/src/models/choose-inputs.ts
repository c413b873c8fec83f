import type { CreateRun } from "@millrace/contract";
import { AppError } from "../core/index.ts";
import type { DatasetDetail } from "../data/index.ts";
import { type InputType, kindOf } from "./columns.ts";
import type { InputColumn } from "./read-columns.ts";
import type { Trainer } from "./trainers/index.ts";

type ContractColumn = DatasetDetail["contract"]["columns"][number];

const inputTypes: Readonly<Record<ContractColumn["type"], InputType>> = {
  text: "category",
  integer: "number",
  number: "number",
  boolean: "boolean",
  instant: "instant",
};

/**
 * What is to be learned of the label: what was asked for; else the only thing the trainer can do; else numbers when the label is a
 * number whose values are no closed list, classes otherwise. `training_failed` when the label cannot do it.
 */
export function chooseTask(request: Pick<CreateRun, "task">, trainer: Trainer, label: ContractColumn): "classification" | "regression" {
  const isNumber = label.type === "number" || label.type === "integer";
  const [only, second] = trainer.tasks;
  const usual = isNumber && label.values === null ? "regression" : "classification";
  const task = request.task ?? (second === undefined && only !== "ranking" ? only! : usual);
  if (task === "regression" && !isNumber)
    throw new AppError("training_failed", `Regression needs a label of numbers; the column "${label.name}" holds ${label.type}.`, {
      details: { column: label.name },
    });
  return task;
}

/** The features as the trainer takes them. `training_failed` names a column whose kind it does not take. */
export function chooseInputs(
  trainer: Trainer,
  { featureColumns, contract }: Pick<DatasetDetail, "featureColumns" | "contract">,
): InputColumn[] {
  if (trainer.kinds.every((kind) => kind === "text")) return featureColumns.map((name) => ({ name, type: "text" as const }));
  return featureColumns.map((name) => {
    const column = contract.columns.find((each) => each.name === name)!;
    const isFreeText = column.type === "text" && column.values === null;
    const type = isFreeText && trainer.kinds.includes("text") ? "text" : inputTypes[column.type];
    if (trainer.kinds.includes(kindOf(type))) return { name, type };
    throw new AppError(
      "training_failed",
      `The trainer ${trainer.name} takes no ${type}, which the column "${name}" holds. Leave it out of the features, or take another trainer.`,
      { details: { column: name } },
    );
  });
}
