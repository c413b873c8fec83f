import { createRandom } from "../../core/index.ts";

/** Rows by number, ascending: those to train on and those to measure on. */
export interface Fold {
  readonly train: Int32Array;
  readonly validation: Int32Array;
}

/**
 * k folds of rows drawn by the seed: every row is measured once, by a model that did not see it. Rows of one of `strata` (their
 * label) are dealt out evenly, as scikit-learn's `StratifiedKFold` with `shuffle` does; all alike: plain k folds.
 */
export function stratifiedFolds(strata: ArrayLike<number>, folds: number, seed: number): Fold[] {
  const random = createRandom(seed);
  const foldOf = new Int32Array(strata.length);
  let dealt = 0;
  for (const rows of byStratum(strata)) for (const row of random.shuffle(rows)) foldOf[row] = dealt++ % folds;
  return fromAssignment(foldOf, folds);
}

/** k folds that keep the rows of one group together; the largest group goes first, to the fold with the fewest rows. */
export function groupFolds(groups: readonly unknown[], folds: number, seed: number): Fold[] {
  const rowsOf = [...Map.groupBy(groups.keys(), (row) => groups[row]).values()];
  const sizes = new Float64Array(folds);
  const foldOf = new Int32Array(groups.length);
  for (const rows of createRandom(seed)
    .shuffle(rowsOf)
    .sort((a, b) => b.length - a.length)) {
    const fold = sizes.indexOf(Math.min(...sizes));
    sizes[fold]! += rows.length;
    for (const row of rows) foldOf[row] = fold;
  }
  return fromAssignment(foldOf, folds);
}

/**
 * Expanding windows over rows in order of time: each fold measures the stretch that follows what it trained on (scikit-learn's
 * `TimeSeriesSplit`). The rows are cut in folds + 1 stretches; the first, with what does not divide, is never measured.
 */
export function timeFolds(rows: number, folds: number): Fold[] {
  const stretch = Math.floor(rows / (folds + 1));
  return Array.from({ length: folds }, (_, fold) => {
    const from = rows - (folds - fold) * stretch;
    return { train: range(0, from), validation: range(from, from + stretch) };
  });
}

/**
 * A share of the rows to train on; a larger share holds a smaller one of the same seed. By `time` the latest; otherwise drawn, of
 * each of `strata` alike, at least one.
 */
export function takeShare(
  rows: Int32Array,
  share: number,
  { strata, byTime, seed }: { readonly strata: ArrayLike<number>; readonly byTime: boolean; readonly seed: number },
): Int32Array {
  if (share >= 1) return rows;
  if (byTime) return rows.slice(rows.length - Math.max(1, Math.round(share * rows.length)));
  const random = createRandom(seed);
  const kept = byStratum(Array.from(rows, (row) => strata[row]!)).flatMap((places) =>
    random.shuffle(places).slice(0, Math.max(1, Math.round(share * places.length))),
  );
  return Int32Array.from(kept, (place) => rows[place]!).sort();
}

/** The places of each value, in the order of the values. */
function byStratum(strata: ArrayLike<number>): number[][] {
  const places = new Map<number, number[]>();
  for (let place = 0; place < strata.length; place++) {
    const held = places.get(strata[place]!);
    if (held === undefined) places.set(strata[place]!, [place]);
    else held.push(place);
  }
  return [...places].sort(([a], [b]) => a - b).map(([, rows]) => rows);
}

function fromAssignment(foldOf: Int32Array, folds: number): Fold[] {
  const rows = range(0, foldOf.length);
  return Array.from({ length: folds }, (_, fold) => ({
    train: rows.filter((row) => foldOf[row] !== fold),
    validation: rows.filter((row) => foldOf[row] === fold),
  }));
}

function range(from: number, to: number): Int32Array {
  return Int32Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index);
}
