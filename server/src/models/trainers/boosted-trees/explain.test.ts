import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { boost } from "./boost.ts";
import { createExplainer } from "./explain.ts";
import { scoreRows } from "./predict.ts";
import { makeTable } from "./test-tables.ts";
import { type Ensemble, defaultOptions } from "./types.ts";

const goldenFile = new URL("../../../../../../shared/golden/treeshap_golden.json", import.meta.url);

interface GoldenTree {
  readonly split_indices: number[];
  /** Of a leaf: its value. */
  readonly split_conditions: number[];
  readonly left_children: number[];
  readonly right_children: number[];
  readonly default_left: number[];
  readonly sum_hessian: number[];
}
interface Golden {
  readonly X: (number | null)[][];
  readonly margin: number[];
  readonly contribs_last_is_bias: number[][];
  readonly model: { learner: { gradient_booster: { model: { trees: GoldenTree[] } } } };
}

/** XGBoost asks "below?", these trees ask "at most?". */
function nextBelow(value: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value);
  const bits = view.getInt32(0);
  view.setInt32(0, value > 0 ? bits - 1 : bits + 1);
  return view.getFloat32(0);
}

describe.runIf(existsSync(goldenFile))("contributions", () => {
  test("are XGBoost's, number for number", () => {
    const golden = JSON.parse(readFileSync(goldenFile, "utf8")) as Golden;
    const ensemble: Ensemble = {
      objective: "binary",
      base: Float64Array.of(0),
      trees: golden.model.learner.gradient_booster.model.trees.map((tree) => ({
        feature: Int32Array.from(tree.split_indices),
        threshold: Float32Array.from(tree.split_conditions, nextBelow),
        categories: tree.left_children.map(() => null),
        missingLeft: Uint8Array.from(tree.default_left),
        left: Int32Array.from(tree.left_children),
        right: Int32Array.from(tree.right_children),
        value: Float32Array.from(tree.split_conditions),
        cover: Float64Array.from(tree.sum_hessian),
      })),
    };
    const features = golden.X[0]!.map((_, index) => ({ values: Float64Array.from(golden.X, (row) => row[index] ?? Number.NaN) }));
    const explain = createExplainer(ensemble);
    const scores = scoreRows(ensemble, features, golden.X.length);
    for (const [row, expected] of golden.contribs_last_is_bias.entries()) {
      const { bias, features: parts } = explain(features, row);
      for (const [index, value] of [...parts[0]!, bias[0]!].entries()) expect(Math.abs(value - expected[index]!)).toBeLessThan(1e-5);
      expect(Math.abs(scores[row]![0]! - golden.margin[row]!)).toBeLessThan(1e-5);
    }
  });
});

test("contributions and bias add up to the score, of every output", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e6 }), (seed) => {
      const table = makeTable(seed, 300, (score) => (score < -1 ? 0 : score < 1 ? 1 : 2));
      const ensemble = boost(table, { ...defaultOptions, objective: "multiclass", classes: 3, trees: 4, minimumCategoryRows: 5 });
      const explain = createExplainer(ensemble);
      const scores = scoreRows(ensemble, table.features, table.rows);
      for (const row of [0, 1, 2]) {
        const { bias, features } = explain(table.features, row);
        for (const [output, parts] of features.entries())
          expect(parts.reduce((sum, part) => sum + part, bias[output]!)).toBeCloseTo(scores[row]![output]!, 9);
      }
    }),
    { numRuns: 8 },
  );
});
