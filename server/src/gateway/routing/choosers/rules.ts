import { type Condition, parseCondition } from "../../../core/index.ts";
import { ruleNames, ruleValues } from "../rule-values.ts";
import { type AliasOf, type Chooser, withFirst } from "../types.ts";

const parsed = new WeakMap<AliasOf<"rules">, readonly Condition[]>();

export function conditionsOf(alias: AliasOf<"rules">): readonly Condition[] {
  let conditions = parsed.get(alias);
  if (conditions === undefined) parsed.set(alias, (conditions = alias.rules.map(({ when }) => parseCondition(when, ruleNames))));
  return conditions;
}

/** The first rule that holds and whose target may be asked. */
export const chooseByRules: Chooser<"rules"> = (call, alias) => {
  const { targets } = call.resolved;
  const conditions = conditionsOf(alias);
  const values = ruleValues(call);
  for (const [index, { to }] of alias.rules.entries()) {
    const target = targets.find(({ name }) => name === to);
    if (target === undefined || !conditions[index]!.holds(values)) continue;
    return { targets: withFirst(targets, target), why: `rule ${index + 1}: ${conditions[index]!.text}` };
  }
  return { targets, why: "no rule holds" };
};
