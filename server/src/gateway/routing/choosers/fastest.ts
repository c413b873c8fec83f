import { fractionOf } from "../rendezvous.ts";
import { sessionOf } from "../session.ts";
import { type Chooser, withFirst } from "../types.ts";

/** By the median lately. Whom nobody asked lately is asked now, and a share of the calls looks how the others are doing. */
export const chooseFastest: Chooser<"fastest"> = (call, alias, { latencies, random }) => {
  const { targets } = call.resolved;
  const timed = targets.map((target) => ({ target, ms: latencies.median(target.name, call.request.stream, alias.windowMs) }));
  const sorted = timed.toSorted((left, right) => (left.ms ?? -1) - (right.ms ?? -1));
  const order = sorted.map(({ target }) => target);
  const [best] = sorted;
  if (best!.ms === null) return { targets: order, why: "nothing is known of its speed yet" };
  const session = sessionOf(call);
  const chance = session === null ? random.next() : fractionOf(`explore ${session.id}`);
  if (order.length > 1 && chance < alias.explore) {
    const other = order[1 + Math.floor((chance / alias.explore) * (order.length - 1))];
    return { targets: withFirst(order, other), why: "to see how fast it is" };
  }
  return { targets: order, why: `median ${Math.round(best!.ms)} ms, the least` };
};
