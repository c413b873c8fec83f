import type { Clock, Random } from "../../core/index.ts";
import type { Cost } from "../money/cost-of.ts";
import type { PriceTable } from "../money/price-table.ts";
import type { Points } from "../nearness/index.ts";
import type { Target } from "../resolve-model.ts";
import type { GatewayCall } from "../stage.ts";
import type { Alias } from "./alias-config.ts";
import type { CapabilityTable } from "./capability-table.ts";
import type { LatencyBook } from "./latency-book.ts";

export interface RouteDeps {
  /** What the examples of an alias mean: the same each time. */
  readonly pointsOf: (alias: Alias) => Points;
  readonly clock: Clock;
  readonly random: Random;
  readonly prices: PriceTable;
  readonly latencies: LatencyBook;
  readonly capabilities: CapabilityTable;
}

/** In which order the targets are asked, and why. */
export interface Choice {
  readonly targets: readonly Target[];
  /** In words, for the evidence. */
  readonly why: string;
  /** What else there is to say, beside it. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** Of what was paid to choose. */
  readonly costs?: readonly Cost[];
}

export type AliasOf<Choose extends Alias["choose"]> = Extract<Alias, { readonly choose: Choose }>;

/** One way of choosing. The targets of the call are those that may see it and can do what it needs: never empty. */
export type Chooser<Choose extends Alias["choose"]> = (
  call: GatewayCall,
  alias: AliasOf<Choose>,
  deps: RouteDeps,
) => Choice | Promise<Choice>;

/** The one goes first, and the others follow in their order. */
export function withFirst(targets: readonly Target[], first: Target | undefined): readonly Target[] {
  return first === undefined ? targets : [first, ...targets.filter((target) => target !== first)];
}
