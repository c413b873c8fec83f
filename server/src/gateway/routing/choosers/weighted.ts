import { rankByRendezvous } from "../rendezvous.ts";
import { sessionOf } from "../session.ts";
import type { Chooser } from "../types.ts";

/** By chance and weight; a session by its own draw, which is the same each time. A weight of 0 is asked only when others fail. */
export const chooseWeighted: Chooser<"weighted"> = (call, alias, { random }) => {
  const { targets } = call.resolved;
  const session = sessionOf(call);
  const weightOf = (name: string) => alias.weights[alias.targets.indexOf(name)] ?? 0;
  const draw = session?.id ?? String(random.next());
  const names = rankByRendezvous(
    draw,
    targets.map(({ name }) => name),
    weightOf,
  );
  const byName = new Map(targets.map((target) => [target.name, target]));
  const why = session === null ? "drawn by weight" : `drawn by weight for the session (${session.from})`;
  return { targets: names.map((name) => byName.get(name)!), why };
};
