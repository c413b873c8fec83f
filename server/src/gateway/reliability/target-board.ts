import type { Clock, Random } from "../../core/index.ts";
import { type CircuitBreakers, createCircuitBreakers } from "./circuit-breaker.ts";
import { type TargetBounds, createTargetBounds } from "./target-bounds.ts";
import { type TargetWatch, createTargetWatch } from "./target-watch.ts";

/** All that is kept of targets between calls. */
export interface TargetBoard {
  readonly breakers: CircuitBreakers;
  readonly bounds: TargetBounds;
  readonly watch: TargetWatch;
}

export function createTargetBoard(deps: { readonly clock: Clock; readonly random: Random }): TargetBoard {
  return { breakers: createCircuitBreakers(deps.clock), bounds: createTargetBounds(deps), watch: createTargetWatch(deps.clock) };
}
