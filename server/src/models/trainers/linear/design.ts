/** One column of features: its values, or where few are not zero those alone with their rows. */
export interface DesignColumn {
  /** Rows of the values; null: every row. */
  readonly rows: Int32Array | null;
  readonly values: Float64Array;
}

/** Share of values that are not zero up to which a column is kept sparse. */
const sparseShare = 0.3;

export function makeDesign(columns: readonly Float64Array[]): DesignColumn[] {
  return columns.map((values) => {
    const rows = [...values.keys()].filter((row) => values[row] !== 0);
    if (rows.length > values.length * sparseShare) return { rows: null, values };
    return { rows: Int32Array.from(rows), values: Float64Array.from(rows, (row) => values[row]!) };
  });
}

/** sum of x w r over rows. */
export function weightedDot({ rows, values }: DesignColumn, weights: Float64Array, residuals: Float64Array): number {
  let sum = 0;
  if (rows === null) {
    for (let row = 0; row < values.length; row++) sum += values[row]! * weights[row]! * residuals[row]!;
  } else {
    for (let at = 0; at < rows.length; at++) sum += values[at]! * weights[rows[at]!]! * residuals[rows[at]!]!;
  }
  return sum;
}

/** sum of w x x over rows. */
export function weightedSquares({ rows, values }: DesignColumn, weights: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < values.length; at++) sum += weights[rows === null ? at : rows[at]!]! * values[at]! * values[at]!;
  return sum;
}

/** target += factor x. */
export function addScaled({ rows, values }: DesignColumn, factor: number, target: Float64Array): void {
  if (rows === null) {
    for (let row = 0; row < values.length; row++) target[row]! += factor * values[row]!;
  } else {
    for (let at = 0; at < rows.length; at++) target[rows[at]!]! += factor * values[at]!;
  }
}
