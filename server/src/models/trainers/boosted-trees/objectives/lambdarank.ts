import type { CreateObjective } from "./types.ts";

/** Places at the top that pairs are made for (LightGBM's `lambdarank_truncation_level`). */
const truncation = 30;

const gain = (relevance: number) => 2 ** relevance - 1;
const discount = (place: number) => 1 / Math.log2(place + 2);

/**
 * LambdaRank (Burges 2010, "From RankNet to LambdaRank to LambdaMART", section 7) for NDCG, with the normalisation of LightGBM
 * (`lambdarank_norm`): pairs of a group whose relevance differs, weighed by what exchanging them would change.
 */
export const lambdarank: CreateObjective = ({ rows: count, scores, target, weights, groupStarts }) => {
  const starts = groupStarts ?? Uint32Array.of(0, count);
  const discounts = Float64Array.from({ length: count }, (_, place) => discount(place));

  function bestGain(from: number, to: number, places: number): number {
    const sorted = target.slice(from, to).sort().reverse();
    return sorted.subarray(0, places).reduce((sum, relevance, place) => sum + gain(relevance) * discounts[place]!, 0);
  }

  function order(from: number, to: number): number[] {
    return Array.from({ length: to - from }, (_, index) => from + index).sort((one, other) => scores[other]! - scores[one]! || one - other);
  }

  function ofGroup(from: number, to: number, out: Float32Array): void {
    out.fill(0, 2 * from, 2 * to);
    const best = bestGain(from, to, truncation);
    if (best === 0) return;
    const sorted = order(from, to);
    const size = sorted.length;
    const gradients = new Float64Array(size);
    const hessians = new Float64Array(size);
    const spread = scores[sorted[0]!]! !== scores[sorted[size - 1]!]!;
    let sum = 0;
    for (let one = 0; one < Math.min(size - 1, truncation); one++) {
      for (let other = one + 1; other < size; other++) {
        const [first, second] = [sorted[one]!, sorted[other]!];
        if (target[first] === target[second]) continue;
        const [high, low] = target[first]! > target[second]! ? [one, other] : [other, one];
        const [highRow, lowRow] = [sorted[high]!, sorted[low]!];
        const apart = scores[highRow]! - scores[lowRow]!;
        let change = ((gain(target[highRow]!) - gain(target[lowRow]!)) * Math.abs(discounts[high]! - discounts[low]!)) / best;
        if (spread) change /= 0.01 + Math.abs(apart);
        const wrong = 1 / (1 + Math.exp(apart));
        const pull = wrong * change;
        const bend = wrong * (1 - wrong) * change;
        gradients[low]! += pull;
        gradients[high]! -= pull;
        hessians[low]! += bend;
        hessians[high]! += bend;
        sum += 2 * pull;
      }
    }
    const norm = sum > 0 ? Math.log2(1 + sum) / sum : 1;
    for (let place = 0; place < size; place++) {
      const row = sorted[place]!;
      const weight = norm * (weights === null ? 1 : weights[row]!);
      out[2 * row] = weight * gradients[place]!;
      out[2 * row + 1] = weight * hessians[place]!;
    }
  }

  return {
    outputs: 1,
    base: () => new Float64Array(1),
    gradients(from, to, out) {
      for (let group = from; group < to; group++) ofGroup(starts[group]!, starts[group + 1]!, out);
    },
    /** 1 - NDCG at 10; groups without a relevant row are left out. */
    loss(rows) {
      const held = new Set(rows);
      let sum = 0;
      let groups = 0;
      for (let group = 0; group + 1 < starts.length; group++) {
        const [from, to] = [starts[group]!, starts[group + 1]!];
        const best = held.has(from) ? bestGain(from, to, 10) : 0;
        if (best === 0) continue;
        groups += 1;
        const sorted = order(from, to).slice(0, 10);
        sum += sorted.reduce((total, row, place) => total + gain(target[row]!) * discounts[place]!, 0) / best;
      }
      return groups === 0 ? 0 : 1 - sum / groups;
    },
  };
};
