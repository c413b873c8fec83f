import type { Clock, Random } from "../../core/index.ts";
import { ByName } from "./by-name.ts";
import { KeyRing } from "./key-ring.ts";
import { Slots, type SlotsOptions } from "./slots.ts";

/** What is kept of each target between calls: its keys, and how much it does at once. */
export interface TargetBounds {
  /** Undefined with fewer than two keys: there is nothing to choose. */
  ring(target: string, keys: number): KeyRing | undefined;
  /** Undefined where nothing bounds it. */
  slots(target: string, options: SlotsOptions | undefined): Slots | undefined;
}

export function createTargetBounds(deps: { readonly clock: Clock; readonly random: Random }): TargetBounds {
  const rings = new ByName<KeyRing>((ring) => ring.isIdle);
  const slots = new ByName<Slots>(({ used }) => used === 0);
  return {
    ring: (target, keys) => (keys < 2 ? undefined : rings.of(target, () => new KeyRing(keys, deps))),
    slots: (target, options) => (options === undefined ? undefined : slots.of(target, () => new Slots(options))),
  };
}
