import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRandom } from "../core/index.ts";
import {
  applyIsotonic,
  applyTemperature,
  averagePrecision,
  benjaminiHochberg,
  cohenKappa,
  conformalBound,
  conformalSet,
  fairness,
  findSlices,
  fitIsotonic,
  fitTemperature,
  fleissKappa,
  krippendorffAlpha,
  logLoss,
  meanEstimate,
  ndcg,
  pinballLoss,
  regressionScores,
  rocAuc,
} from "./index.ts";

const goldenFile = new URL("../../../../shared/golden/metrics_golden.json", import.meta.url);
const hasGolden = existsSync(goldenFile);

interface Golden {
  binary: { y: number[]; p: number[]; roc_auc: number; average_precision: number };
  ndcg: { rel_in_rank_order: number[]; linear_ndcg: number; exp_ndcg: number; sklearn_ndcg_at3: number };
  ap: { binary: number[]; total_retrieved_relevant_3: number };
  kappa: {
    a: string[];
    b: string[];
    cohen: number;
    ord_a: number[];
    ord_b: number[];
    unweighted: number;
    linear: number;
    quadratic: number;
  };
  fleiss: { table: number[][]; kappa: number };
  holm_bh: { p: number[]; bh: number[] };
  standard_error: { scores: number[]; mean: number; se_clt: number };
}

const falling = (size: number) => Array.from({ length: size }, (_, place) => size - place);

describe.skipIf(!hasGolden)("equals the reference implementations (shared/golden)", () => {
  const golden = (hasGolden ? JSON.parse(readFileSync(goldenFile, "utf8")) : {}) as Golden;

  test("areas under the ROC and the precision-recall curve, and gains by place (scikit-learn)", () => {
    const { y, p, roc_auc, average_precision } = golden.binary;
    const positive = y.map((value) => value === 1);
    expect(rocAuc(p, positive).value).toBeCloseTo(roc_auc, 9);
    expect(averagePrecision(p, positive).value).toBeCloseTo(average_precision, 9);
    const ranked = golden.ap.binary.map((value) => value === 1);
    expect(averagePrecision(falling(ranked.length), ranked).value).toBeCloseTo(golden.ap.total_retrieved_relevant_3, 9);
    const relevance = golden.ndcg.rel_in_rank_order;
    const scores = falling(relevance.length);
    expect(ndcg(relevance, scores, { gain: "linear" })).toBeCloseTo(golden.ndcg.linear_ndcg, 9);
    expect(ndcg(relevance, scores, { gain: "exponential" })).toBeCloseTo(golden.ndcg.exp_ndcg, 9);
    expect(ndcg(relevance, scores, { gain: "linear", at: 3 })).toBeCloseTo(golden.ndcg.sklearn_ndcg_at3, 9);
  });

  test("kappas (scikit-learn, statsmodels), adjusted p-values and the error of a mean", () => {
    const { kappa, fleiss, holm_bh, standard_error } = golden;
    expect(cohenKappa(kappa.a, kappa.b)).toBeCloseTo(kappa.cohen, 9);
    const [a, b] = [kappa.ord_a.map(String), kappa.ord_b.map(String)];
    const labels = ["1", "2", "3", "4", "5"];
    expect(cohenKappa(a, b, { labels })).toBeCloseTo(kappa.unweighted, 9);
    expect(cohenKappa(a, b, { labels, weights: "linear" })).toBeCloseTo(kappa.linear, 9);
    expect(cohenKappa(a, b, { labels, weights: "quadratic" })).toBeCloseTo(kappa.quadratic, 9);
    expect(fleissKappa(fleiss.table)).toBeCloseTo(fleiss.kappa, 9);
    for (const [index, p] of benjaminiHochberg(holm_bh.p).entries()) expect(p).toBeCloseTo(holm_bh.bh[index]!, 12);
    const { value, high } = meanEstimate(standard_error.scores);
    expect(value).toBeCloseTo(standard_error.mean, 12);
    expect((high - value) / 1.959963984540054).toBeCloseTo(standard_error.se_clt, 9);
  });
});

describe("ranking", () => {
  const positive = [0, 0, 1, 1, 1, 0, 1, 0, 1, 1, 0, 1].map((value) => value === 1);
  const scores = [0.1, 0.4, 0.4, 0.8, 0.7, 0.2, 0.9, 0.7, 0.6, 0.65, 0.1, 0.4];

  test("counts ties half, and gives DeLong's interval", () => {
    const auc = rocAuc(scores, positive);
    expect(auc.value).toBeCloseTo(0.8428571428571429, 12);
    expect(auc.low).toBeCloseTo(0.5811954966872903, 12);
    expect(auc.high).toBe(1);
    expect(averagePrecision(scores, positive).value).toBeCloseTo(0.8484126984126984, 12);
  });

  test("shares the discounts of equal scores, as scikit-learn does", () => {
    const relevance = [3, 2, 3, 0, 1, 2];
    expect(ndcg(relevance, [5, 5, 4, 3, 3, 1], { gain: "linear" })).toBeCloseTo(0.9380350032608125, 12);
    expect(ndcg(relevance, [3, 2, 2, 2, 1, 1], { gain: "linear", at: 3 })).toBeCloseTo(0.8289593784025647, 12);
    expect(ndcg([0, 0], [1, 2], { gain: "linear" })).toBeNaN();
  });

  test("has no area without both classes, and no false certainty for a perfect order", () => {
    expect(rocAuc([0.2, 0.4], [true, true]).value).toBeNaN();
    expect(averagePrecision([0.2], [false]).value).toBeNaN();
    const perfect = rocAuc([1, 2, 3, 4, 5, 6, 7, 8], [false, false, false, false, true, true, true, true]);
    expect(perfect).toMatchObject({ value: 1, low: 0.25, high: 1 });
  });

  test("an area keeps its value under any rising change of the scores and mirrors when they are turned round", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: -5, max: 5 }), fc.boolean()), { minLength: 2, maxLength: 40 }), (rows) => {
        const [values, classes] = [rows.map(([score]) => score), rows.map(([, is]) => is)];
        fc.pre(classes.includes(true) && classes.includes(false));
        const { value, low, high } = rocAuc(values, classes);
        expect(rocAuc(values.map(Math.exp), classes).value).toBeCloseTo(value, 12);
        expect(
          rocAuc(
            values.map((score) => -score),
            classes,
          ).value,
        ).toBeCloseTo(1 - value, 12);
        expect(low <= value && value <= high).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});

describe("numbers", () => {
  const truth = [3, -0.5, 2, 7, 4.2, 1];
  const predicted = [2.5, 0.1, 2, 8, 3.9, 1.6];

  test("have the errors scikit-learn gives them", () => {
    const { mae, rmse, mape, r2 } = regressionScores(truth, predicted);
    expect(mae.value).toBeCloseTo(0.5, 12);
    expect(rmse.value).toBeCloseTo(0.5859465277082315, 12);
    expect(mape.value).toBeCloseTo(0.36349206349206353, 12);
    expect(r2).toBeCloseTo(0.9401307822717365, 12);
    expect(pinballLoss(truth, predicted, 0.9).value).toBeCloseTo(0.1566666666666667, 12);
    for (const { value, low, high } of [mae, rmse, mape]) expect(low < value && value < high).toBe(true);
  });

  test("a truth of 0 has no relative error, and a truth that never varies nothing to explain", () => {
    const scores = regressionScores([0, 0, 2], [1, 1, 3]);
    expect(scores.mape).toMatchObject({ value: 0.5, n: 1 });
    expect(regressionScores([4, 4], [4, 5]).r2).toBeNaN();
  });
});

describe("agreement", () => {
  const counts = [
    [3, 0, 0],
    [1, 2, 0],
    [0, 1, 1],
    [1, 0, 0],
    [0, 0, 4],
  ];

  test("Krippendorff's alpha takes missing votes, over names and over numbers (the krippendorff package)", () => {
    expect(krippendorffAlpha(counts, [1, 2, 3])).toBeCloseTo(0.5319148936170213, 12);
    expect(krippendorffAlpha(counts, [1, 2, 3], "quadratic")).toBeCloseTo(0.794392523364486, 12);
    expect(
      krippendorffAlpha(
        [
          [1, 0],
          [0, 1],
        ],
        [1, 2],
      ),
    ).toBeNaN();
  });

  test("is 1 when all agree, and unknown when there was but one label to agree on", () => {
    expect(cohenKappa(["a", "b"], ["a", "b"])).toBe(1);
    expect(
      fleissKappa([
        [2, 0],
        [0, 2],
      ]),
    ).toBe(1);
    expect(
      krippendorffAlpha(
        [
          [2, 0],
          [0, 2],
        ],
        [1, 2],
      ),
    ).toBe(1);
    expect(cohenKappa(["a", "a"], ["a", "a"])).toBeNaN();
    expect(
      fleissKappa([
        [2, 0],
        [2, 0],
      ]),
    ).toBeNaN();
    expect(
      krippendorffAlpha(
        [
          [2, 0],
          [2, 0],
        ],
        [1, 2],
      ),
    ).toBeNaN();
  });
});

describe("calibration", () => {
  test("finds the temperature of least log loss (scipy)", () => {
    const rows = [
      [0.9, 0.05, 0.05],
      [0.8, 0.1, 0.1],
      [0.02, 0.97, 0.01],
      [0.3, 0.6, 0.1],
      [0.1, 0.2, 0.7],
      [0.95, 0.03, 0.02],
      [0.05, 0.9, 0.05],
      [0.1, 0.1, 0.8],
    ];
    const truth = [0, 1, 1, 1, 2, 0, 2, 2];
    const temperature = fitTemperature(rows, truth);
    expect(temperature).toBeCloseTo(1.53609192, 6);
    expect(logLoss(rows.map((row, at) => applyTemperature(row, temperature)[truth[at]!]!))).toBeCloseTo(0.7632172244260143, 12);
  });

  test("pools what falls, as scikit-learn's isotonic regression", () => {
    const curve = fitIsotonic([0.1, 0.2, 0.2, 0.35, 0.4, 0.5, 0.55, 0.7, 0.8, 0.9], [0, 1, 0, 0, 1, 0, 1, 1, 0, 1]);
    const at = [0, 0.1, 0.15, 0.2, 0.3, 0.37, 0.45, 0.6, 0.75, 0.85, 1];
    const expected = [0, 0, 1 / 6, 1 / 3, 1 / 3, 0.4, 0.5, 2 / 3, 2 / 3, 5 / 6, 1];
    for (const [index, x] of at.entries()) expect(applyIsotonic(curve, x)).toBeCloseTo(expected[index]!, 12);
  });

  test("an isotonic curve never falls and keeps the mean", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.boolean()), { minLength: 1, maxLength: 40 }), (rows) => {
        const [x, y] = [rows.map(([at]) => at), rows.map(([, is]) => Number(is))];
        const curve = fitIsotonic(x, y);
        const fitted = x.map((at) => applyIsotonic(curve, at));
        for (let index = 1; index < curve.y.length; index++) expect(curve.y[index]!).toBeGreaterThanOrEqual(curve.y[index - 1]!);
        expect(meanEstimate(fitted).value).toBeCloseTo(meanEstimate(y).value, 9);
      }),
      { numRuns: 50 },
    );
  });
});

test("a conformal bound covers new rows as often as it promises, and promises nothing from too few", () => {
  expect(conformalBound([0.1, 0.2, 0.3], 0.9)).toBe(Number.POSITIVE_INFINITY);
  expect(conformalBound([0.3, 0.1, 0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9], 0.9)).toBe(0.9);
  expect(conformalSet([0.7, 0.25, 0.05], 0.8)).toEqual([0, 1]);
  const random = createRandom(4);
  let covered = 0;
  for (let round = 0; round < 2000; round++) {
    const bound = conformalBound(
      Array.from({ length: 60 }, () => random.next()),
      0.9,
    );
    if (random.next() <= bound) covered += 1;
  }
  expect(covered / 2000).toBeGreaterThan(0.885);
  expect(covered / 2000).toBeLessThan(0.92);
});

test("fairness names the widest gap of each criterion, with an interval for all pairs", () => {
  const rows = (group: string, counts: readonly [number, boolean, boolean][]) =>
    counts.flatMap(([n, selected, positive]) => Array.from({ length: n }, () => ({ group, selected, positive })));
  const all = [
    ...rows("m", [
      [60, true, true],
      [20, true, false],
      [20, false, true],
      [100, false, false],
    ]),
    ...rows("w", [
      [30, true, true],
      [20, true, false],
      [50, false, true],
      [100, false, false],
    ]),
    ...rows("x", [[40, false, false]]),
  ];
  const { groups, gaps } = fairness(
    all.map(({ group }) => group),
    all.map(({ selected }) => selected),
    all.map(({ positive }) => positive),
  );
  expect(groups.map(({ group, n }) => [group, n])).toEqual([
    ["m", 200],
    ["w", 200],
    ["x", 40],
  ]);
  expect(gaps.map(({ criterion, highest, lowest }) => [criterion, highest, lowest])).toEqual([
    ["demographic parity", "m", "x"],
    ["equal opportunity", "m", "w"],
    ["predictive parity", "m", "w"],
  ]);
  expect(gaps[1]!.difference.value).toBeCloseTo(0.75 - 0.375, 12);
  expect(gaps[1]!.difference.low).toBeGreaterThan(0.2);
  expect(gaps[2]!.difference.low).toBeLessThan(0);
});

describe("slices", () => {
  const random = createRandom(11);
  const size = 2000;
  const age = Array.from({ length: size }, () => random.integer(80));
  const plan = Array.from({ length: size }, () => ["free", "paid", "trial"][random.integer(3)]!);
  const noise = Array.from({ length: size }, () => "abcdefgh"[random.integer(8)]!);
  const draws = Array.from({ length: size }, () => random.next());

  test("the planted one comes first: two conditions together", () => {
    const losses = draws.map((draw, row) => (draw < (plan[row] === "trial" && age[row]! < 20 ? 0.5 : 0.1) ? 1 : 0));
    const { slices, looked } = findSlices(losses, { age, plan, noise, tariff: plan });
    expect(slices[0]!.conditions).toEqual([expect.stringMatching(/^age < /), "plan = trial"]);
    expect(slices.some(({ conditions }) => conditions.some((text) => text.startsWith("tariff")))).toBe(false);
    expect(slices[0]!.loss.value).toBeGreaterThan(0.4);
    expect(slices[0]!.otherLoss).toBeLessThan(0.15);
    expect(slices[0]!.pValue).toBeLessThan(1e-6);
    expect(slices.flatMap(({ conditions }) => conditions).some((text) => text.startsWith("noise"))).toBe(false);
    expect(looked).toBeGreaterThan(30);
  });

  test("where errors fall by chance none is found, though many were looked at", () => {
    const { slices, looked } = findSlices(
      draws.map((draw) => (draw < 0.1 ? 1 : 0)),
      { age, plan, noise },
    );
    expect(slices).toEqual([]);
    expect(looked).toBeGreaterThan(30);
    expect(findSlices([1, 1, 1], { plan: ["a", "b", "b"] }, { leastRows: 1 }).slices).toEqual([]);
  });
});
