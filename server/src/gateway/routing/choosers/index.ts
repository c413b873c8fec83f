import type { GatewayCall } from "../../stage.ts";
import type { Alias } from "../alias-config.ts";
import type { Choice, Chooser, RouteDeps } from "../types.ts";
import { chooseCheapest } from "./cheapest.ts";
import { chooseFastest } from "./fastest.ts";
import { chooseByRules } from "./rules.ts";
import { chooseBySimilarity } from "./similarity.ts";
import { chooseWeighted } from "./weighted.ts";

/** The one table of ways. */
const choosers: { readonly [Choose in Alias["choose"]]: Chooser<Choose> } = {
  order: ({ resolved: { targets } }) => ({ targets, why: "as they are listed" }),
  cascade: ({ resolved: { targets } }) => ({ targets, why: "until one is sure" }),
  weighted: chooseWeighted,
  rules: chooseByRules,
  cheapest: chooseCheapest,
  fastest: chooseFastest,
  similarity: chooseBySimilarity,
};

export function chooseTargets<Choose extends Alias["choose"]>(
  call: GatewayCall,
  alias: Extract<Alias, { readonly choose: Choose }>,
  deps: RouteDeps,
): Choice | Promise<Choice> {
  return (choosers[alias.choose] as Chooser<Choose>)(call, alias, deps);
}
