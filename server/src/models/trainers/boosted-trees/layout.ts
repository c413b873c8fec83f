import { AppError } from "../../../core/index.ts";
import { histogramBytes, tileWidth } from "./kernels.ts";

/** What a search for splits must know of a feature. */
export interface FeatureMeta {
  readonly kind: "number" | "category";
  /** Bins in use, with bin 0. */
  readonly bins: number;
  readonly monotone: -1 | 0 | 1;
}

/** Features whose bins stand together, row after row. */
export interface Tile {
  readonly first: number;
  readonly width: number;
  readonly binsAt: number;
}

/** Where everything lies in the memory that the threads share: byte addresses. Plain data: it is handed to threads. */
export interface Layout {
  readonly rows: number;
  readonly outputs: number;
  readonly features: readonly FeatureMeta[];
  readonly tiles: readonly Tile[];
  /** Int32: what is to be done; see `crew.ts`. */
  readonly controlAt: number;
  /** Float64: the leaves that are looked at. */
  readonly requestAt: number;
  /** Float64: what is partitioned; see `split-leaf.ts`. Behind it Int32, one a part: how many rows went left. */
  readonly partitionAt: number;
  /** 256 bytes: 1 for a bin that goes left. */
  readonly tableAt: number;
  /** Float64: two records a tile. */
  readonly resultsAt: number;
  /** Uint32: the row numbers, leaf by leaf; and room to move them in. */
  readonly indexAt: number;
  readonly scratchAt: number;
  /** Float32 pairs, gradient and hessian: outputs x rows. */
  readonly gradientsAt: number;
  /** Float64: outputs x rows. */
  readonly scoresAt: number;
  readonly targetAt: number;
  /** Float64; -1: every row weighs 1. */
  readonly weightsAt: number;
  /** Uint32: the first row of each group and behind it the number of rows; -1: no groups. */
  readonly groupStartsAt: number;
  readonly groups: number;
  /** Float64: one slot of histograms a leaf. Before the first tree the edges of a feature's bins. */
  readonly histogramsAt: number;
  readonly bytes: number;
}

/** Doubles of one record of `search-splits.ts`. */
export const recordLength = 20;
/** Doubles of a request: see `search-splits.ts`. */
export const requestLength = 16;
/** Doubles that say what is partitioned, and in how many parts at most. */
export const partitionLength = 5;
export const partitionParts = 16;
const controlBytes = 256;
const pageBytes = 65_536;
/** What WebAssembly can address. */
const mostBytes = 65_536 * pageBytes;

export interface LayoutNeeds {
  readonly rows: number;
  readonly outputs: number;
  readonly leaves: number;
  readonly features: readonly FeatureMeta[];
  readonly weighted: boolean;
  readonly groups: number;
}

/** `training_failed` when it is more than 4 GiB. */
export function planLayout({ rows, outputs, leaves, features, weighted, groups }: LayoutNeeds): Layout {
  let bytes = 0;
  const take = (size: number) => {
    const at = bytes;
    bytes += Math.ceil(size / 64) * 64;
    return at;
  };
  const controlAt = take(controlBytes);
  const requestAt = take(8 * requestLength);
  const partitionAt = take(8 * partitionLength + 4 * partitionParts);
  const tableAt = take(256);
  const tileCount = Math.ceil(features.length / tileWidth);
  const resultsAt = take(tileCount * 2 * recordLength * 8);
  const indexAt = take(4 * rows);
  const scratchAt = take(4 * rows);
  const gradientsAt = take(8 * rows * outputs);
  const scoresAt = take(8 * rows * outputs);
  const targetAt = take(8 * rows);
  const weightsAt = weighted ? take(8 * rows) : -1;
  const groupStartsAt = groups > 0 ? take(4 * (groups + 1)) : -1;
  const tiles = Array.from({ length: tileCount }, (_, tile) => {
    const first = Math.floor((tile * features.length) / tileCount);
    const width = Math.floor(((tile + 1) * features.length) / tileCount) - first;
    return { first, width, binsAt: take(rows * width) };
  });
  const histogramsAt = take(leaves * features.length * histogramBytes);
  bytes = Math.ceil(bytes / pageBytes) * pageBytes;
  if (bytes > mostBytes) {
    throw new AppError(
      "training_failed",
      `${rows} rows of ${features.length} features with ${leaves} leaves need ${Math.ceil(bytes / 2 ** 20)} MiB, and 4096 are the most. Train on fewer rows, features or leaves.`,
      { details: { rows, features: features.length, leaves, outputs } },
    );
  }
  return {
    rows,
    outputs,
    features,
    tiles,
    groups,
    bytes,
    controlAt,
    requestAt,
    partitionAt,
    tableAt,
    resultsAt,
    indexAt,
    scratchAt,
    gradientsAt,
    scoresAt,
    targetAt,
    weightsAt,
    groupStartsAt,
    histogramsAt,
  };
}

export function createMemory(layout: Layout): WebAssembly.Memory {
  const pages = layout.bytes / pageBytes;
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
}
