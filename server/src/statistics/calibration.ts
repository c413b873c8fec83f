/**
 * Temperature T (Guo et al. 2017) with the least log loss on rows whose truth is known: the probabilities become
 * softmax(log p / T). The loss is convex in 1/T; Newton's steps with halving find it in [1/100, 100].
 * `truth[row]` is the place of the true label in `probabilities[row]`.
 */
export function fitTemperature(probabilities: readonly (readonly number[])[], truth: readonly number[]): number {
  const logits = probabilities.map((row) => row.map((p) => Math.log(Math.max(p, 1e-15))));
  let [low, high] = [0.01, 100];
  let inverse = 1;
  for (let round = 0; round < 100; round++) {
    let slope = 0;
    let curvature = 0;
    for (const [row, logit] of logits.entries()) {
      const shares = softmax(logit, inverse);
      const expected = logit.reduce((sum, value, label) => sum + value * shares[label]!, 0);
      slope += expected - logit[truth[row]!]!;
      curvature += logit.reduce((sum, value, label) => sum + shares[label]! * (value - expected) ** 2, 0);
    }
    if (slope > 0) high = inverse;
    else low = inverse;
    const step = curvature > 0 ? inverse - slope / curvature : Number.NaN;
    const next = step > low && step < high ? step : (low + high) / 2;
    if (Math.abs(next - inverse) < 1e-12 * inverse) break;
    inverse = next;
  }
  return 1 / inverse;
}

/** One row's probabilities at another temperature. */
export function applyTemperature(probabilities: readonly number[], temperature: number): number[] {
  return softmax(
    probabilities.map((p) => Math.log(Math.max(p, 1e-15))),
    1 / temperature,
  );
}

function softmax(logits: readonly number[], scale: number): number[] {
  const top = Math.max(...logits) * scale;
  const powers = logits.map((value) => Math.exp(value * scale - top));
  const sum = powers.reduce((total, value) => total + value, 0);
  return powers.map((value) => value / sum);
}

/** A rising curve through points: between them linear, outside them flat. */
export interface IsotonicCurve {
  readonly x: readonly number[];
  readonly y: readonly number[];
}

/**
 * Isotonic regression by pooling adjacent violators (Ayer et al. 1955; Zadrozny and Elkan 2002 for calibration), equal to
 * scikit-learn's `IsotonicRegression(out_of_bounds="clip")`. Equal x are one point with their mean.
 */
export function fitIsotonic(x: readonly number[], y: readonly number[]): IsotonicCurve {
  const order = Array.from(x.keys()).sort((a, b) => x[a]! - x[b]!);
  const blocks: { from: number; to: number; sum: number; weight: number }[] = [];
  for (const row of order) {
    const last = blocks.at(-1);
    if (last !== undefined && last.to === x[row]! && last.from === last.to) {
      last.sum += y[row]!;
      last.weight += 1;
    } else blocks.push({ from: x[row]!, to: x[row]!, sum: y[row]!, weight: 1 });
  }
  const pooled: typeof blocks = [];
  for (const block of blocks) {
    let current = block;
    for (
      let before = pooled.at(-1);
      before !== undefined && before.sum / before.weight >= current.sum / current.weight;
      before = pooled.at(-1)
    ) {
      pooled.pop();
      current = { from: before.from, to: current.to, sum: before.sum + current.sum, weight: before.weight + current.weight };
    }
    pooled.push(current);
  }
  const points = pooled.flatMap(({ from, to, sum, weight }) =>
    from === to ? [{ x: from, y: sum / weight }] : [from, to].map((end) => ({ x: end, y: sum / weight })),
  );
  return { x: points.map((point) => point.x), y: points.map((point) => point.y) };
}

export function applyIsotonic({ x, y }: IsotonicCurve, at: number): number {
  if (at <= x[0]!) return y[0]!;
  if (at >= x.at(-1)!) return y.at(-1)!;
  let [low, high] = [0, x.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (x[middle]! <= at) low = middle;
    else high = middle;
  }
  return y[low]! + ((y[high]! - y[low]!) * (at - x[low]!)) / (x[high]! - x[low]!);
}
