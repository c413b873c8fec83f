import { roundMs } from "../../core/index.ts";
import { mapOutcome } from "../map-outcome.ts";
import type { Cost } from "../money/cost-of.ts";
import { sumCosts } from "../money/sum.ts";
import type { Ask, CallOutcome, GatewayCall, GatewayReply, Stage } from "../stage.ts";
import type { Alias } from "./alias-config.ts";
import { runCascade } from "./cascade.ts";
import { chooseTargets } from "./choosers/index.ts";
import type { RouteDeps } from "./types.ts";

/** Puts the targets of an alias into the order in which they are asked, and says why. Last before the providers: what a cache knows needs no choice. */
export function createRouteStage(deps: RouteDeps): Stage {
  async function route(call: GatewayCall, alias: Alias, next: Ask): Promise<GatewayReply> {
    const { targets: listed } = call.resolved;
    const startMs = call.evidence.elapsed();
    const { targets, why, details, costs = [] } = await chooseTargets(call, alias, deps);
    const choice = { choose: alias.choose, chosen: targets[0]!.name, why, ...details };
    call.evidence.step({
      name: `route:${alias.choose}`,
      kind: "policy",
      startMs: roundMs(startMs),
      durationMs: roundMs(call.evidence.elapsed() - startMs),
      status: "ok",
      details: { ...choice, targets: targets.map(({ name }) => name), listed: listed.map(({ name }) => name) },
    });
    const routed = { ...call, resolved: { ...call.resolved, targets } };
    const reply =
      alias.choose === "cascade" ? await runCascade(routed, next, { alias, capabilities: deps.capabilities }) : await next(routed);
    // Whoever a cascade ends with was meant to answer.
    const chosenOf = ({ target }: CallOutcome) => (alias.choose === "cascade" ? (target ?? choice.chosen) : choice.chosen);
    return mapOutcome(reply, (outcome) => ({
      ...outcome,
      cost: withCosts(outcome.cost, costs),
      chosen: chosenOf(outcome),
      notes: { ...outcome.notes, route: choice },
    }));
  }

  /** To choose is paid for like the answer; what costs nothing changes nothing. */
  function withCosts(cost: Cost | null, costs: readonly Cost[]): Cost | null {
    const paid = costs.filter(({ amount }) => amount !== "0");
    return paid.length === 0 ? cost : sumCosts([cost, ...paid]);
  }

  return (call, next) => {
    const { alias } = call.resolved;
    return alias === null || alias.choose === "order" ? next(call) : route(call, alias, next);
  };
}
