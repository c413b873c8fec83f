import { AppError } from "../../core/index.ts";
import type { Erased, ModelReference, ModelSpec, Prediction } from "../types.ts";
import type { VariantKind } from "./types.ts";

/** A registered model: bound to one version by the hash of its file. */
export const modelKind: VariantKind<ModelSpec<Erased, Erased>> = {
  async resolve(_name, spec, around) {
    const version = around.versions?.[spec.model];
    const reference = await around.models.resolve(
      around.context,
      version === undefined ? { model: spec.model, alias: spec.alias } : { model: spec.model, version },
    );
    if (reference === null) return null;
    return {
      label: `${reference.model}@${reference.version}`,
      resolved: { model: reference.model, version: reference.version, hash: reference.hash },
    };
  },

  async open(spec, binding, around) {
    const reference = readReference(binding.resolved, binding.hash);
    const { models } = around;
    await models.load(around.context, reference);
    return {
      binding,
      run(call) {
        const inputs = spec.inputs === undefined ? call.input : spec.inputs(call.input);
        return models
          .predict(call.context, reference, inputs, call)
          .then((prediction) => (spec.output === undefined ? usualOutput(prediction) : spec.output(prediction, call.input)));
      },
    };
  },
};

function usualOutput({ label, confidence, value, low, high }: Prediction): object {
  if (value === undefined) return { label, confidence };
  return low === undefined ? { value } : { value, low, high };
}

function readReference(resolved: Readonly<Record<string, unknown>>, binding: string): ModelReference {
  const { model, version, hash } = resolved;
  if (typeof model === "string" && typeof version === "number" && typeof hash === "string") return { model, version, hash };
  throw new AppError("internal", `Binding ${binding} names no model version.`, { details: { binding, resolved } });
}
