/** Rows whose label may be wrong, by confident learning (Northcutt, Jiang, Chuang 2021), equal to cleanlab 2.9. */
export interface LabelErrors {
  /** Of each label, the mean probability that its own rows get for it: from there on a row is taken for that label. */
  readonly thresholds: number[];
  /** `joint[given][likely]`: how many rows given one label are estimated to be of the other; each line sums to the label's rows. */
  readonly joint: number[][];
  /** Most suspicious first. */
  readonly errors: LabelError[];
}

export interface LabelError {
  readonly row: number;
  readonly given: number;
  /** The label with the highest probability. */
  readonly likely: number;
  /** Probability of the given label. */
  readonly selfConfidence: number;
  /** (that probability - the highest of the others + 1) / 2: 0 is surely wrong, 1/2 undecided. */
  readonly margin: number;
}

export type LabelErrorMethod = "noise-rate" | "confident";

/**
 * Labels and out-of-sample probabilities in, suspicious rows out. `noise-rate` takes from each pair of labels as many rows as the joint says,
 * those with the widest margin first (cleanlab's `prune_by_noise_rate`); `confident` takes the rows that were counted off the joint's diagonal
 * (`confident_learning`). A row whose given label is also its likeliest is never suspicious.
 */
export function findLabelErrors(
  labels: readonly number[],
  probabilities: readonly (readonly number[])[],
  method: LabelErrorMethod = "noise-rate",
): LabelErrors {
  const size = probabilities[0]!.length;
  const rowsOf = Array.from({ length: size }, (): number[] => []);
  for (const [row, label] of labels.entries()) rowsOf[label]!.push(row);
  const thresholds = rowsOf.map((rows, label) =>
    rows.length === 0 ? Number.POSITIVE_INFINITY : rows.reduce((sum, row) => sum + probabilities[row]![label]!, 0) / rows.length,
  );
  const guesses = probabilities.map((row) => confidentLabel(row, thresholds));
  const counts = rowsOf.map((rows, given) =>
    thresholds.map((_, guess) => Math.max(given === guess ? 1 : 0, rows.filter((row) => guesses[row] === guess).length)),
  );
  const joint = calibrate(
    counts,
    rowsOf.map((rows) => rows.length),
  );
  const suspects =
    method === "confident"
      ? guesses.flatMap((guess, row) => (guess !== null && guess !== labels[row] ? [row] : []))
      : rowsOf.flatMap((rows, given) => widestMargins(rows, probabilities, { given, counts: keepOne(joint[given]!, given) }));
  const errors = [...new Set(suspects)]
    .map((row) => describe(row, labels[row]!, probabilities[row]!))
    .filter(({ given, likely }) => given !== likely)
    .sort((a, b) => a.margin - b.margin || a.row - b.row);
  return { thresholds, joint, errors };
}

/** Where rounding makes two equal probabilities differ, they are still equal. */
const slack = 1e-6;

/** The label whose threshold the row reaches; the likeliest when it reaches several; null when none. */
function confidentLabel(row: readonly number[], thresholds: readonly number[]): number | null {
  const reached = Array.from(row.keys()).filter((label) => row[label]! >= thresholds[label]! - slack);
  if (reached.length > 1) return row.indexOf(Math.max(...row));
  return reached[0] ?? null;
}

/** Scales each line to the rows its label really has, in whole numbers. */
function calibrate(counts: readonly number[][], rows: readonly number[]): number[][] {
  return counts.map((line, label) => {
    const sum = line.reduce((total, count) => total + count, 0);
    return roundKeepingSum(line.map((count) => (count / sum) * rows[label]!));
  });
}

/** Rounds half to even, then moves those that were rounded furthest until the sum is right. */
function roundKeepingSum(values: readonly number[]): number[] {
  const rounded = values.map(roundHalfEven);
  const wanted = roundHalfEven(values.reduce((sum, value) => sum + value, 0));
  for (;;) {
    const off = wanted - rounded.reduce((sum, value) => sum + value, 0);
    if (off === 0) return rounded;
    const direction = Math.sign(off);
    const order = Array.from(values.keys()).sort((a, b) => direction * (values[b]! - rounded[b]! - (values[a]! - rounded[a]!)));
    for (const index of order.slice(0, Math.abs(off))) rounded[index]! += direction;
  }
}

function roundHalfEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}

/** A label keeps at least one row: what is added to its own count is taken evenly from the others that have any. */
function keepOne(line: readonly number[], given: number): number[] {
  const missing = Math.max(0, 1 - line[given]!);
  if (missing === 0) return [...line];
  const others = Math.max(1, line.filter((count) => count > 0).length - 1);
  return roundKeepingSum(line.map((count, label) => (label === given ? 1 : Math.max(0, count - missing / others))));
}

function widestMargins(
  rows: readonly number[],
  probabilities: readonly (readonly number[])[],
  { given, counts }: { given: number; counts: readonly number[] },
): number[] {
  if (rows.length <= 1) return [];
  return counts.flatMap((count, likely) => {
    if (likely === given || count === 0) return [];
    const margin = (row: number) => probabilities[row]![likely]! - probabilities[row]![given]!;
    return rows.toSorted((a, b) => margin(b) - margin(a)).slice(0, count);
  });
}

function describe(row: number, given: number, probabilities: readonly number[]): LabelError {
  const others = probabilities.map((p, label) => (label === given ? -1 : p));
  const selfConfidence = probabilities[given]!;
  return {
    row,
    given,
    likely: probabilities.indexOf(Math.max(...probabilities)),
    selfConfidence,
    margin: (selfConfidence - Math.max(...others) + 1) / 2,
  };
}
