import type { Degraded, Erased, MessageSpec } from "../types.ts";
import type { VariantKind } from "./types.ts";

const degraded: Degraded = { kind: "message" };

/** A fixed answer. It stands in its binding, so that a binding always says what it said. */
export const messageKind: VariantKind<MessageSpec<Erased>> = {
  async resolve(name, spec) {
    return { label: name, resolved: { output: spec.output as unknown } };
  },
  async open(_spec, binding) {
    return {
      binding,
      run(call) {
        call.note?.({ degraded });
        return binding.resolved["output"];
      },
    };
  },
};
