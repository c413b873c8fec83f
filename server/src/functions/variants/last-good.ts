import { AppError } from "../../core/index.ts";
import { hashInput } from "../idempotency.ts";
import type { Degraded, LastGoodSpec } from "../types.ts";
import type { VariantKind } from "./types.ts";

/** What was answered before: to the same caller, for the same input, by the variant it names. */
export const lastGoodKind: VariantKind<LastGoodSpec> = {
  async resolve(name, spec) {
    return { label: name, resolved: { of: spec.of, maxAgeSeconds: spec.maxAgeSeconds } };
  },
  async open(spec, binding, around) {
    return {
      binding,
      run(call) {
        const { projectId, principalId } = call.context;
        const question = { projectId, principalId, function: binding.function, variant: spec.of, inputHash: hashInput(call.input) };
        const found = around.lastGood.find(question, spec.maxAgeSeconds);
        if (found === undefined)
          throw new AppError(
            "variant_failed",
            `"${spec.of}" gave this caller no answer to this input in the last ${spec.maxAgeSeconds} seconds.`,
          );
        const { inferenceId, binding: gaveIt, ageSeconds } = found;
        const degraded: Degraded = { kind: "last-good", inference: inferenceId, variant: spec.of, binding: gaveIt, ageSeconds };
        call.note?.({ degraded });
        return JSON.parse(found.output) as unknown;
      },
    };
  },
};
