/** One input of the trees. */
export interface TableFeature {
  readonly name: string;
  readonly kind: "number" | "category";
  /** One a row. NaN is missing; a category is its code, an integer from 0 on, below 2^24. */
  readonly values: Float64Array;
  /** The answer may only rise (1) or fall (-1) with the number; 0 and absent: anything. */
  readonly monotone?: -1 | 0 | 1;
}

export interface Table {
  readonly rows: number;
  readonly features: readonly TableFeature[];
  /** Numbers; classes: 0, 1 ...; ranking: relevance, an integer in [0, 30]. */
  readonly target: Float64Array;
  readonly weights?: Float64Array;
  /** Ranking: the query of each row; rows of one query stand together. */
  readonly groups?: Int32Array;
}

export type ObjectiveName = "binary" | "multiclass" | "squared-error" | "quantile" | "poisson" | "lambdarank";

export interface GrowthOptions {
  readonly leaves: number;
  readonly learningRate: number;
  /** In a leaf, as its hessian says (LightGBM's `min_data_in_leaf`): exact where every row has the same hessian. */
  readonly minimumRows: number;
  readonly minimumHessian: number;
  readonly l2: number;
  /** Rows a category should have to be looked at, and what is added to its hessian when categories are sorted (`cat_smooth`). */
  readonly categorySmoothing: number;
  /** Added to `l2` where categories are split (`cat_l2`). */
  readonly categoryL2: number;
  /** Categories on the smaller side of a split at most (`max_cat_threshold`). */
  readonly maximumCategories: number;
  /** Rows a group of categories must have (`min_data_per_group`). */
  readonly minimumCategoryRows: number;
}

export interface BoostingOptions extends GrowthOptions {
  readonly objective: ObjectiveName;
  readonly trees: number;
  /** Of a feature, with the bin of missing values; at most 255. */
  readonly bins: number;
  /** For `quantile`, in (0, 1). */
  readonly quantile: number;
  /** For `multiclass`: how many classes. */
  readonly classes: number;
  /** Stops when so many trees in a row did not lower the loss of rows held out; 0: never. */
  readonly earlyStoppingRounds: number;
  /** Share of the rows (of the groups) held out for it, drawn by the seed. */
  readonly earlyStoppingShare: number;
  readonly seed: number;
  /** Threads that sum histograms, this one among them. The result is the same for any number. */
  readonly threads: number;
  readonly onTree?: (done: number) => void;
}

/** LightGBM's defaults. */
export const defaultOptions: Omit<BoostingOptions, "objective"> = {
  trees: 100,
  leaves: 31,
  learningRate: 0.1,
  minimumRows: 20,
  minimumHessian: 1e-3,
  l2: 0,
  bins: 255,
  categorySmoothing: 10,
  categoryL2: 10,
  maximumCategories: 32,
  minimumCategoryRows: 100,
  quantile: 0.5,
  classes: 2,
  earlyStoppingRounds: 0,
  earlyStoppingShare: 0.1,
  seed: 1,
  threads: 1,
};

/** Flat, one entry a node; node 0 is the root. A node without `left` (-1) is a leaf. */
export interface Tree {
  /** Of an inner node: what it asks. */
  readonly feature: Int32Array;
  /** A number goes left when it is at most this; a 32-bit float. */
  readonly threshold: Float32Array;
  /** Codes that go left, ascending; null at a node that asks a number. A code that was not seen goes right. */
  readonly categories: readonly (readonly number[] | null)[];
  /** 1: what is missing goes left. */
  readonly missingLeft: Uint8Array;
  readonly left: Int32Array;
  readonly right: Int32Array;
  /** Of a leaf: what it adds to the score; a 32-bit float. */
  readonly value: Float32Array;
  /** Training rows that came through, by weight; what TreeSHAP weighs by. */
  readonly cover: Float64Array;
}

/** Trees whose leaves add up to scores: tree `t` adds to output `t % base.length`. */
export interface Ensemble {
  readonly objective: ObjectiveName;
  /** Score of each output before any tree. */
  readonly base: Float64Array;
  readonly trees: readonly Tree[];
}
