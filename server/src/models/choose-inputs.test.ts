import { describe, expect, test } from "vitest";
import { chooseInputs, chooseTask } from "./choose-inputs.ts";
import { findTrainer } from "./trainers/index.ts";

type Column = Parameters<typeof chooseTask>[2];

function column(name: string, type: Column["type"], values: Column["values"] = null): Column {
  return { name, type, nullable: true, unique: false, minimum: null, maximum: null, maxLength: null, values };
}

const linear = findTrainer("linear");
const textClassifier = findTrainer("text-classifier");

describe("what is learned", () => {
  test.each([
    ["numbers without a list", column("y", "number"), "regression"],
    ["whole numbers without a list", column("y", "integer"), "regression"],
    ["whole numbers from a list", column("y", "integer", [0, 1]), "classification"],
    ["booleans", column("y", "boolean"), "classification"],
    ["texts", column("y", "text"), "classification"],
  ] as const)("of %s", (_what, label, task) => {
    expect(chooseTask({}, linear, label)).toBe(task);
  });

  test("is what was asked for, or the only thing the trainer can do", () => {
    expect(chooseTask({ task: "regression" }, linear, column("y", "integer", [0, 1]))).toBe("regression");
    expect(chooseTask({ task: "classification" }, linear, column("y", "integer"))).toBe("classification");
    expect(chooseTask({}, textClassifier, column("y", "number"))).toBe("classification");
    expect(() => chooseTask({ task: "regression" }, linear, column("y", "text"))).toThrow(/column "y" holds text/);
  });
});

describe("inputs", () => {
  const columns = [
    column("age", "integer"),
    column("town", "text", ["Graz", "Wien"]),
    column("note", "text"),
    column("paid", "boolean"),
    column("at", "instant"),
  ];
  const table = { featureColumns: columns.map(({ name }) => name), contract: { columns } };
  const types = (trainer: Parameters<typeof chooseInputs>[0]) => chooseInputs(trainer, table).map(({ type }) => type);

  test("follow the contract, and what the trainer takes", () => {
    expect(types(linear)).toEqual(["number", "category", "text", "boolean", "instant"]);
    expect(types(textClassifier)).toEqual(["text", "text", "text", "text", "text"]);
    expect(types({ ...linear, kinds: ["number", "category", "instant"] })).toEqual([
      "number",
      "category",
      "category",
      "boolean",
      "instant",
    ]);
  });

  test("of a kind that the trainer does not take are refused, naming the column", () => {
    expect(() => types({ ...linear, kinds: ["number", "category"] })).toThrow(/linear takes no instant, which the column "at" holds/);
  });
});
