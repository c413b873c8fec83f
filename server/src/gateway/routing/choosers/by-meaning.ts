import { toAppError } from "../../../core/index.ts";
import type { Cost } from "../../money/cost-of.ts";
import { readSaid } from "../../read-said.ts";
import type { GatewayCall } from "../../stage.ts";
import type { AliasOf, Choice, RouteDeps } from "../types.ts";
import { chooseMostSimilar, lastText } from "./most-similar.ts";

/** Where the example goes that means most the same as the last message. Where that cannot be told the list decides: it fails no call. */
export async function chooseByMeaning(call: GatewayCall, alias: AliasOf<"similarity">, { pointsOf }: RouteDeps): Promise<Choice> {
  const { targets } = call.resolved;
  const embedder = alias.embedder!;
  const costs: Cost[] = [];
  const { origin, evidence, signal, request } = call;
  try {
    const near = await pointsOf(alias).near(
      lastText(request),
      alias.examples.map(({ text }) => text),
      {
        embedder,
        origin,
        dataClasses: [alias.dataClass, call.dataClass],
        tags: readSaid(call).tags,
        regions: alias.regions,
        evidence,
        step: "embedding",
        signal,
        paid: (cost) => void costs.push(cost),
      },
    );
    const { similarity, ...choice } = chooseMostSimilar(alias, targets, (index) => near[index]!);
    return {
      ...choice,
      details: { embedder, distance: similarity === null ? null : Math.round((1 - similarity) * 10_000) / 10_000 },
      costs,
    };
  } catch (error) {
    if (signal.aborted) throw error;
    const { code } = toAppError(error);
    return { targets, why: "not compared with the examples", details: { embedder, distance: null, notCompared: code }, costs };
  }
}
