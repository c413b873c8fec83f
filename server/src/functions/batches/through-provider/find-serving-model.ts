import { AppError, type Context } from "../../../core/index.ts";
import type { BatchesDeps } from "../types.ts";

export type ServingDeps = Pick<BatchesDeps, "functions" | "gateway">;

/** What a function asks first, and the target it asks there. */
export interface ServingModel {
  readonly asked: { readonly variant: string } | { readonly binding: string };
  readonly target: string;
}

/** `invalid_request` where the chain does not begin with a model that a provider can ask in one batch. */
export async function findServingModel(context: Context, name: string, { functions, gateway }: ServingDeps): Promise<ServingModel> {
  const definition = functions.definition(name);
  const { arms } = await functions.arms(context, name);
  const stable = arms.find(({ role }) => role === "stable");
  const variant = stable?.variant ?? definition.fallback[0]!;
  const spec = definition.variants[variant];
  if (spec?.kind !== "llm" || gateway === undefined) {
    const why = `"${name}" begins with "${variant}", which is no llm variant but ${spec?.kind ?? "unknown"}`;
    throw new AppError("invalid_request", `A provider's batch cannot answer this: ${why}. Leave \`through\` out to ask each row.`, {
      details: { issues: [{ path: "through", message: why }] },
    });
  }
  return { asked: stable === undefined ? { variant } : { binding: stable.binding }, target: gateway.batches.target(spec.model) };
}
