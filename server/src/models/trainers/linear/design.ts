/** Rows of features without their zeros, one after another (CSR). The last column, `width - 1`, is 1 in every row: the intercept's. */
export interface Design {
  readonly width: number;
  readonly starts: Int32Array;
  readonly columns: Int32Array;
  readonly values: Float64Array;
}

export function makeDesign(features: readonly Float64Array[], rows: number): Design {
  const starts = new Int32Array(rows + 1);
  for (const feature of features) for (let row = 0; row < rows; row++) if (feature[row] !== 0) starts[row + 1]! += 1;
  for (let row = 0; row < rows; row++) starts[row + 1]! += starts[row]! + 1;
  const columns = new Int32Array(starts[rows]!);
  const values = new Float64Array(starts[rows]!);
  // Column by column, as they lie in memory; each row knows how far it is filled.
  const ends = starts.slice(0, rows);
  const put = (row: number, column: number, value: number) => {
    columns[ends[row]!] = column;
    values[ends[row]!] = value;
    ends[row]! += 1;
  };
  for (let column = 0; column < features.length; column++) {
    const feature = features[column]!;
    for (let row = 0; row < rows; row++) if (feature[row] !== 0) put(row, column, feature[row]!);
  }
  for (let row = 0; row < rows; row++) put(row, features.length, 1);
  return { width: features.length + 1, starts, columns, values };
}

/** The score of every row. */
export function multiply({ starts, columns, values }: Design, weights: Float64Array): Float64Array {
  const scores = new Float64Array(starts.length - 1);
  for (let row = 0; row < scores.length; row++)
    for (let at = starts[row]!; at < starts[row + 1]!; at++) scores[row]! += values[at]! * weights[columns[at]!]!;
  return scores;
}

/** For each column the sum of its values times `factors` over rows. */
export function project({ width, starts, columns, values }: Design, factors: Float64Array): Float64Array {
  const sums = new Float64Array(width);
  for (let row = 0; row < factors.length; row++)
    for (let at = starts[row]!; at < starts[row + 1]!; at++) sums[columns[at]!]! += values[at]! * factors[row]!;
  return sums;
}

/** The sums of weight times column times column over rows: width x width, symmetric. */
export function gram({ width, starts, columns, values }: Design, weights: Float64Array): Float64Array {
  const sums = new Float64Array(width * width);
  for (let row = 0; row < weights.length; row++) {
    const end = starts[row + 1]!;
    for (let first = starts[row]!; first < end; first++) {
      const from = columns[first]! * width;
      const factor = weights[row]! * values[first]!;
      // Columns of a row are in order: this is the upper half.
      for (let second = first; second < end; second++) sums[from + columns[second]!]! += factor * values[second]!;
    }
  }
  for (let first = 0; first < width; first++)
    for (let second = 0; second < first; second++) sums[first * width + second] = sums[second * width + first]!;
  return sums;
}
