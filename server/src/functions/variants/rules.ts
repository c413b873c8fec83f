import type { Erased, RulesSpec } from "../types.ts";
import type { VariantKind } from "./types.ts";

/** Plain code. Its version is the hash of the configuration's source files. */
export const rulesKind: VariantKind<RulesSpec<Erased, Erased>> = {
  async resolve(name, _spec, around) {
    return { label: name, resolved: { source: around.sourceHash } };
  },
  async open(spec, binding) {
    return { binding, run: (call) => spec.run(call.input, call) };
  },
};
