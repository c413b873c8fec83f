import { createKernels } from "./kernels.ts";
import type { Layout } from "./layout.ts";
import { createObjective } from "./objectives/index.ts";
import { createPartitionWork } from "./split-leaf.ts";
import { createTileWork } from "./search-splits.ts";
import type { BoostingOptions } from "./types.ts";

/** What a thread can be told to do; the number stands in the shared memory. */
export const work = { tiles: 0, gradients: 1, partition: 2 } as const;
export type Work = (typeof work)[keyof typeof work];

/** Gradients are computed in so many parts. */
export const gradientParts = 16;

/** One thread's hands on the shared memory: does part `part` of a piece of work. */
export function createHands(memory: WebAssembly.Memory, layout: Layout, options: BoostingOptions): (kind: Work, part: number) => void {
  const kernels = createKernels(memory);
  const objective = createObjective(memory, layout, options);
  const gradients = new Float32Array(memory.buffer, layout.gradientsAt, 2 * layout.rows * layout.outputs);
  const units = layout.groups > 0 ? layout.groups : layout.rows;
  const tile = createTileWork(memory, layout, { kernels, options });
  const partition = createPartitionWork(memory, layout, kernels);
  return (kind, part) => {
    if (kind === work.tiles) tile(part);
    else if (kind === work.partition) partition(part);
    else objective.gradients(Math.floor((part * units) / gradientParts), Math.floor(((part + 1) * units) / gradientParts), gradients);
  };
}
