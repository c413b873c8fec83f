/** What a file makes of one text: one vector, or one for each token. */
export interface RawOutput {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** One vector of length one, as sentence-transformers makes it: the mean over the tokens, or the first token's. */
export function poolVector({ dims, data }: RawOutput, pooling: "mean" | "first"): Float32Array {
  const width = dims.at(-1)!;
  const rows = data.length / width;
  const vector = data.slice(0, width);
  if (pooling === "mean" && rows > 1) {
    for (let row = 1; row < rows; row++) for (let index = 0; index < width; index++) vector[index]! += data[row * width + index]!;
    for (let index = 0; index < width; index++) vector[index]! /= rows;
  }
  const length = Math.hypot(...vector);
  return length === 0 ? vector : vector.map((value) => value / length);
}
