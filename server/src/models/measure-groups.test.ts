import { describe, expect, test } from "vitest";
import { findWeakSlices } from "./find-weak-slices.ts";
import { measureFairness } from "./measure-fairness.ts";

const rows = Array.from({ length: 400 }, (_, row) => row);
const town = rows.map((row) => ["Graz", "Wien"][row % 2]!);
const age = rows.map((row) => (row * 7) % 80);

describe("weak slices", () => {
  test("name the rows that do worse, and how many groups were looked at", () => {
    const losses = rows.map((row) => (town[row] === "Graz" ? 1 : row % 10 === 1 ? 1 : 0));
    const { looked, slices } = findWeakSlices({ losses, columns: { town, age } }, "error");
    expect(slices[0]).toMatchObject({ conditions: ["town = Graz"], metric: "error", estimate: { value: 1, n: 200 } });
    expect(slices[0]!.others).toBeLessThan(0.3);
    expect(looked).toBeGreaterThan(5);
  });

  test("are none where nothing stands out", () => {
    expect(findWeakSlices({ losses: rows.map(() => 1), columns: { town, age } }, "mae").slices).toEqual([]);
  });
});

describe("fairness", () => {
  test("is the widest gap between groups, for each label and criterion", () => {
    const truth = rows.map((row) => (row % 4 < 2 ? "yes" : "no"));
    const predicted = truth.map((label, row) => (town[row] === "Wien" ? "yes" : label));
    const gaps = measureFairness({ labels: ["no", "yes"], truth, predicted, sensitive: { town } });
    const of = (label: string, criterion: string) => gaps.find((gap) => gap.label === label && gap.criterion === criterion);
    expect(of("yes", "demographic parity")).toMatchObject({ highest: "Wien", lowest: "Graz", difference: { value: 0.5 } });
    expect(of("no", "equal opportunity")).toMatchObject({ highest: "Graz", lowest: "Wien", difference: { value: 1 } });
    expect(of("yes", "predictive parity")).toMatchObject({ highest: "Graz", lowest: "Wien", difference: { value: 0.5 } });
  });

  test("leaves out a column of too many groups, and counts what is empty as one", () => {
    const [truth, predicted] = [rows.map(() => "no"), rows.map((row) => (row % 2 === 0 ? "no" : "yes"))];
    expect(measureFairness({ labels: ["no", "yes"], truth, predicted, sensitive: { age } })).toEqual([]);
    const missing = town.map((name) => (name === "Graz" ? null : name));
    const [gap] = measureFairness({ labels: ["no"], truth, predicted, sensitive: { town: missing } });
    expect(gap).toMatchObject({ highest: "is empty", lowest: "Wien", difference: { value: 1 } });
  });
});
