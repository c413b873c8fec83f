import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRandom } from "../../../core/index.ts";
import { boost } from "./boost.ts";
import { createKernels, histogramBytes } from "./kernels.ts";
import { applyLink, findLeaf, scoreRows } from "./predict.ts";
import { gauss, makeTable } from "./test-tables.ts";
import { type BoostingOptions, type Table, defaultOptions } from "./types.ts";

const regression = (table: Table, options: Partial<BoostingOptions> = {}) =>
  boost(table, { ...defaultOptions, objective: "squared-error", trees: 20, ...options });
const answers = (ensemble: ReturnType<typeof boost>, { features, rows }: Pick<Table, "features" | "rows">) =>
  scoreRows(ensemble, features, rows).map((scores) => scores[0]!);
const meanSquare = (values: readonly number[]) => values.reduce((sum, value) => sum + value * value, 0) / values.length;

test("the kernel sums what plain code sums, for every width of a tile", () => {
  const memory = new WebAssembly.Memory({ initial: 4, maximum: 4, shared: true });
  const random = createRandom(3);
  const rows = Uint32Array.from({ length: 50 }, () => random.integer(100));
  const [binsAt, gradientsAt, histogramsAt] = [400, 2048, 4096];
  new Uint32Array(memory.buffer, 0, rows.length).set(rows);
  const bins = new Uint8Array(memory.buffer, binsAt, 800).map(() => random.integer(256));
  new Uint8Array(memory.buffer, binsAt, 800).set(bins);
  const gradients = new Float32Array(memory.buffer, gradientsAt, 200);
  gradients.set(gradients.map(() => random.integer(100) - 50));
  for (const [index, kernel] of createKernels(memory).histograms.entries()) {
    const width = index + 1;
    const histograms = new Float64Array(memory.buffer, histogramsAt, (histogramBytes / 8) * width).fill(0);
    const expected = new Float64Array(histograms.length);
    for (const row of rows)
      for (let feature = 0; feature < width; feature++)
        for (const part of [0, 1]) expected[feature * 512 + 2 * bins[row * width + feature]! + part]! += gradients[2 * row + part]!;
    kernel(0, 4 * rows.length, binsAt, gradientsAt, histogramsAt);
    expect(histograms).toEqual(expected);
    kernel(0, 0, binsAt, gradientsAt, histogramsAt);
    expect(histograms).toEqual(expected);
  }
});

test("the kernel of bins puts a number behind the edges below it, and what is missing into bin 0", () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const { bin } = createKernels(memory);
  fc.assert(
    fc.property(
      fc.array(fc.float({ noNaN: false }), { minLength: 1, maxLength: 40 }),
      fc.uniqueArray(fc.float({ noNaN: true, noDefaultInfinity: true }), { maxLength: 254 }),
      (values, some) => {
        const edges = Float32Array.from(some).sort();
        new Float32Array(memory.buffer, 0, values.length).set(values);
        new Float32Array(memory.buffer, 1024, 256).fill(Infinity).set(edges);
        bin(0, 4 * values.length, 1024, 4096, 3);
        const out = new Uint8Array(memory.buffer, 4096, 3 * values.length);
        for (const [row, value] of values.entries())
          expect(out[3 * row]).toBe(Number.isNaN(value) ? 0 : 1 + edges.filter((edge) => edge < value).length);
      },
    ),
    { numRuns: 50 },
  );
});

describe("a tree", () => {
  test("sends each row by its values where it went by its bins, whatever is missing", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), fc.integer({ min: 4, max: 255 }), (seed, bins) => {
        const table = makeTable(seed, 400, (score) => score);
        const { trees } = regression(table, { trees: 3, bins, minimumCategoryRows: 5 });
        for (const tree of trees) {
          const counts = new Float64Array(tree.left.length);
          for (let row = 0; row < table.rows; row++) counts[findLeaf(tree, table.features, row)]! += 1;
          for (const [node, left] of tree.left.entries()) {
            if (left !== -1) continue;
            expect(counts[node]).toBe(tree.cover[node]);
            expect(counts[node]).toBeGreaterThanOrEqual(defaultOptions.minimumRows);
          }
          expect(tree.cover[0]).toBe(table.rows);
        }
      }),
      { numRuns: 10 },
    );
  });

  test("has no more leaves than asked for, and each leaf answers its mean when it learns at once", () => {
    const table = makeTable(5, 500, (score) => score);
    const ensemble = regression(table, { trees: 1, leaves: 6, learningRate: 1, categoryL2: 0 });
    const [tree] = ensemble.trees;
    expect(tree!.left.filter((left) => left === -1)).toHaveLength(6);
    const byLeaf = Map.groupBy(table.target.keys(), (row) => findLeaf(tree!, table.features, row));
    for (const [leaf, rows] of byLeaf) {
      const mean = rows.reduce((sum, row) => sum + table.target[row]!, 0) / rows.length;
      expect(ensemble.base[0]! + tree!.value[leaf]!).toBeCloseTo(mean, 4);
    }
  });

  test("is the same with any number of threads", () => {
    const random = createRandom(1);
    const rows = 60_000;
    const features = Array.from({ length: 9 }, (_, index) => ({
      name: `x${index}`,
      kind: "number" as const,
      values: Float64Array.from({ length: rows }, () => random.next()),
    }));
    const table: Table = { rows, features, target: features[0]!.values.map((value, row) => value * features[8]!.values[row]!) };
    const [alone, together] = [1, 3].map((threads) => regression(table, { trees: 2, threads }));
    expect(together).toEqual(alone);
  });
});

describe("boosting", () => {
  test("learns numbers, categories and what it means that a value is missing", () => {
    const table = makeTable(11, 2000, (score) => score);
    const fresh = makeTable(12, 1000, (score) => score);
    const ensemble = regression(table, { trees: 60 });
    const off = answers(ensemble, fresh).map((answer, row) => answer - fresh.target[row]!);
    const spread = meanSquare([...fresh.target].map((value) => value - ensemble.base[0]!));
    expect(meanSquare(off)).toBeLessThan(0.03 * spread);
  });

  test("weighs rows: two tables of which one counts a hundredfold give its answer", () => {
    const values = Float64Array.from({ length: 400 }, (_, row) => row % 10);
    const target = Float64Array.from({ length: 400 }, (_, row) => (row < 200 ? (row % 10 < 5 ? 0 : 1) : row % 10 < 5 ? 1 : 0));
    const weights = Float64Array.from({ length: 400 }, (_, row) => (row < 200 ? 100 : 1));
    const table: Table = { rows: 400, features: [{ name: "x", kind: "number", values }], target, weights };
    const learned = answers(regression(table, { trees: 60 }), table);
    expect(learned[0]).toBeCloseTo(1 / 101, 2);
    expect(learned[9]).toBeCloseTo(100 / 101, 2);
  });

  test("keeps an answer rising or falling where it must, and not where it need not", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), fc.constantFrom(-1 as const, 1 as const), (seed, monotone) => {
        const random = createRandom(seed);
        const [x, z] = [0, 1].map(() => Float64Array.from({ length: 600 }, () => random.next()));
        const target = x!.map((value, row) => Math.sin(6 * value) + z![row]! + 0.3 * gauss(random));
        const features = [
          { name: "x", kind: "number" as const, values: x!, monotone },
          { name: "z", kind: "number" as const, values: z! },
        ];
        const grid = Float64Array.from({ length: 101 }, (_, index) => index / 100);
        const along = (bound: boolean) => {
          const ensemble = regression({ rows: 600, features: bound ? features : [{ ...features[0]!, monotone: 0 }, features[1]!], target });
          const asked = [{ values: grid }, { values: new Float64Array(101).fill(random.next()) }];
          const line = scoreRows(ensemble, asked, 101).map(([score]) => score!);
          return line.slice(1).every((value, index) => (value - line[index]!) * monotone >= 0);
        };
        expect(along(true)).toBe(true);
        expect(along(false)).toBe(false);
      }),
      { numRuns: 4 },
    );
  });

  test("stops early on noise, and keeps the best round", () => {
    const noise = makeTable(21, 1000, (_, random) => gauss(random));
    const early = regression(noise, { trees: 300, earlyStoppingRounds: 5 });
    expect(early.trees.length).toBeLessThan(30);
    const sure = regression(
      makeTable(21, 1000, (score) => score),
      { trees: 60, earlyStoppingRounds: 5 },
    );
    expect(sure.trees.length).toBeGreaterThan(40);
  });
});

describe("an objective", () => {
  const learn = (objective: BoostingOptions["objective"], table: Table, more: Partial<BoostingOptions> = {}) => {
    const ensemble = regression(table, { objective, trees: 30, ...more });
    return scoreRows(ensemble, table.features, table.rows).map((scores) => applyLink(objective, scores));
  };
  const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

  test("binary: probabilities that are as often true as they say", () => {
    const table = makeTable(31, 2000, (score, random) => Number(random.next() < 1 / (1 + Math.exp(-score))));
    const learned = learn("binary", table);
    expect(meanOf(learned.map(([, yes]) => yes!))).toBeCloseTo(meanOf([...table.target]), 2);
    const sure = learned.flatMap(([, yes], row) => (yes! > 0.9 ? [table.target[row]!] : []));
    expect(sure.length).toBeGreaterThan(100);
    expect(meanOf(sure)).toBeGreaterThan(0.9);
  });

  test("multiclass: the class of most rows is found", () => {
    const table = makeTable(32, 2000, (score) => (score < -1 ? 0 : score < 1 ? 1 : 2));
    const learned = learn("multiclass", table, { classes: 3 });
    const right = learned.filter((row, index) => row.indexOf(Math.max(...row)) === table.target[index]).length;
    expect(right / table.rows).toBeGreaterThan(0.97);
    for (const row of learned) expect(row[0]! + row[1]! + row[2]!).toBeCloseTo(1, 9);
  });

  test.each([0.1, 0.5, 0.9])("quantile %f: so large a share of the rows lies below", (quantile) => {
    const table = makeTable(33, 2000, (score, random) => score + gauss(random));
    for (const weights of [undefined, new Float64Array(2000).fill(2)]) {
      const learned = learn("quantile", { ...table, weights }, { quantile });
      const below = learned.filter(([value], row) => table.target[row]! <= value!).length / table.rows;
      expect(Math.abs(below - quantile)).toBeLessThan(0.04);
    }
  });

  test("poisson: means of counts, never below 0", () => {
    const table = makeTable(34, 2000, (score, random) => Math.floor(Math.exp(score / 2) + random.next()));
    const learned = learn("poisson", table).map(([value]) => value!);
    expect(Math.min(...learned)).toBeGreaterThan(0);
    expect(meanOf(learned)).toBeCloseTo(meanOf([...table.target]), 1);
    const off = learned.map((value, row) => value - table.target[row]!);
    expect(meanSquare(off)).toBeLessThan(0.5 * meanSquare([...table.target].map((value) => value - meanOf([...table.target]))));
  });

  test("lambdarank: what is more relevant stands before what is less, within its group", () => {
    const table = makeTable(35, 1000, (score) => Math.min(4, Math.max(0, Math.round(score))));
    const groups = Int32Array.from({ length: 1000 }, (_, row) => Math.floor(row / 20));
    const learned = learn("lambdarank", { ...table, groups }).map(([value]) => value!);
    let [pairs, right] = [0, 0];
    for (let one = 0; one < 1000; one++) {
      for (let other = Math.floor(one / 20) * 20; other < one; other++) {
        if (table.target[one] === table.target[other]) continue;
        pairs += 1;
        right += Number(learned[one]! > learned[other]! === table.target[one]! > table.target[other]!);
      }
    }
    expect(right / pairs).toBeGreaterThan(0.95);
  });
});

describe("what cannot be learned from is refused", () => {
  const table = makeTable(41, 100, (score) => score);
  const change = (part: Partial<Table>): Table => ({ ...table, ...part });
  const target = (row: number, value: number) => change({ target: table.target.map((each, index) => (index === row ? value : each)) });

  test.each([
    ["a target that is none", target(4, Number.NaN), {}, /Row 5 has the target NaN/],
    ["a negative count", target(4, -1), { objective: "poisson" as const }, /Row \d+ has the target -/],
    ["a weight of nothing", change({ weights: new Float64Array(100) }), {}, /Row 1 has the weight 0/],
    ["ranking without groups", change({ target: new Float64Array(100) }), { objective: "lambdarank" as const }, /group/],
    [
      "features that never vary",
      change({ features: [{ name: "x", kind: "number", values: new Float64Array(100) }] }),
      {},
      /No feature has more than one value/,
    ],
    [
      "an order of categories",
      change({ features: table.features.map((each) => ({ ...each, monotone: 1 as const })).slice(1) }),
      {},
      /"b" holds categories/,
    ],
  ])("%s", (_, given, options, message) => {
    expect(() => regression(given, options)).toThrow(message);
  });
});
