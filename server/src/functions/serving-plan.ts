import type { Arm, ArmRole, Arms, FunctionDefinition, Variant } from "./types.ts";

/** A variant in a chain, with the parts of its records that never change written out already. */
export interface Candidate {
  readonly name: string;
  /** Null when its binding is not loaded on this node. */
  readonly variant: Variant | null;
  /** `"function":…,"variant":…,"binding":…,"arm":…,"release":…` */
  readonly recordHead: string;
  /** The same of an answer to a drill, which is on no arm. */
  readonly drillHead: string;
  /** `"binding":{…},"release":…` without braces, for `produced`. */
  readonly producedHead: string;
}

/** One arm as this node serves it: what is asked first, then what follows when that fails. */
export interface ServingArm {
  readonly role: ArmRole;
  readonly release: string | null;
  readonly chain: readonly Candidate[];
}

export interface ServingPlan {
  readonly stable: ServingArm;
  /** Canaries with their upper bounds in [0, 1): a draw below the bound belongs to it. */
  readonly canaries: readonly { readonly below: number; readonly arm: ServingArm }[];
  readonly shadows: readonly Variant[];
}

export interface PlanInput {
  readonly definition: FunctionDefinition;
  readonly arms: Arms;
  /** Loaded variants by the binding hash the arms name. */
  readonly opened: ReadonlyMap<string, Variant>;
  /** For the rest of the chain: a loaded binding for each variant's name. */
  readonly defaults: ReadonlyMap<string, Variant>;
  /** What served until now: it goes on while a new stable binding loads. */
  readonly previous: ServingPlan | undefined;
}

/** Which variants a request of this function asks, in order. Pure: the same rows and loaded artifacts give the same plan. */
export function planServing(input: PlanInput): ServingPlan {
  const { definition, arms, opened } = input;
  const stableArm = arms.arms.find((arm) => arm.role === "stable");
  const stableName = stableArm?.variant ?? definition.fallback[0]!;
  const stableVariant = (stableArm === undefined ? input.defaults.get(stableName) : opened.get(stableArm.binding)) ?? null;
  const previous = input.previous;
  if (stableArm !== undefined && stableVariant === null && previous !== undefined && previous.stable.chain[0]!.variant !== null)
    return previous;
  const stable = createArm(input, "stable", stableName, [{ name: stableName, variant: stableVariant }]);
  const canaries: { below: number; arm: ServingArm }[] = [];
  let below = 0;
  for (const arm of arms.arms) {
    const variant = arm.role === "canary" ? opened.get(arm.binding) : undefined;
    if (variant === undefined) continue;
    below += arm.share;
    canaries.push({
      below,
      arm: createArm(input, "canary", stableName, [
        { name: arm.variant, variant },
        { name: stableName, variant: stableVariant },
      ]),
    });
  }
  const shadows = arms.arms.flatMap((arm: Arm) => (arm.role === "shadow" ? (opened.get(arm.binding) ?? []) : []));
  return { stable, canaries, shadows };
}

function createArm(input: PlanInput, role: ArmRole, stableName: string, first: { name: string; variant: Variant | null }[]): ServingArm {
  const { definition, arms } = input;
  const after = definition.fallback.slice(definition.fallback.indexOf(stableName) + 1);
  const rest = after.filter((name) => name !== stableName).map((name) => ({ name, variant: input.defaults.get(name) ?? null }));
  const head = (name: string, variant: Variant | null, arm: ArmRole | "drill") =>
    `"function":${JSON.stringify(definition.name)},"variant":${JSON.stringify(name)},"binding":${JSON.stringify(variant?.binding.hash ?? null)},"arm":"${arm}","release":${JSON.stringify(arms.release)}`;
  const chain = [...first, ...rest].map(({ name, variant }) => ({
    name,
    variant,
    recordHead: head(name, variant, role),
    drillHead: head(name, variant, "drill"),
    producedHead: `"binding":${JSON.stringify({ label: variant?.binding.label, ...variant?.binding.resolved })},"release":${JSON.stringify(arms.release)}`,
  }));
  return { role, release: arms.release, chain };
}

/** The golden ratio's fraction: multiples of it fill [0, 1) more evenly than random draws, so a 10% canary gets 10% early on. */
const goldenFraction = 0.6180339887498949;

/** Picks the arm of the n-th request. */
export function chooseArm(plan: ServingPlan, count: number): ServingArm {
  if (plan.canaries.length === 0) return plan.stable;
  const draw = (count * goldenFraction) % 1;
  for (const canary of plan.canaries) if (draw < canary.below) return canary.arm;
  return plan.stable;
}
