import { AppError, roundMs } from "../../core/index.ts";
import type { Binding, ComposeSpec, Erased, FunctionDefinition, Variant, VariantCall, VariantSpec } from "../types.ts";
import type { VariantKind } from "./types.ts";

interface Part {
  readonly variant: string;
  readonly label: string;
  readonly resolved: Readonly<Record<string, unknown>>;
}

/** A cascade over other variants of the same function, each bound to its own version. */
export const composeKind: VariantKind<ComposeSpec<Erased, Erased>> = {
  async resolve(name, spec, around) {
    const parts: Part[] = [];
    for (const part of spec.cascade) {
      const target = around.definition.variants[part]!;
      const resolution = await around.kinds[target.kind].resolve(part, target as never, around);
      if (resolution === null) return null;
      parts.push({ variant: part, ...resolution });
    }
    return {
      label: `${name}(${parts.map((part) => part.label).join(", ")})`,
      resolved: { source: around.sourceHash, minimumConfidence: spec.minimumConfidence, parts },
    };
  },

  async open(spec, binding, around) {
    const parts: Variant[] = [];
    for (const part of binding.resolved["parts"] as Part[]) {
      const target: VariantSpec<Erased, Erased> | undefined = around.definition.variants[part.variant];
      if (target === undefined) {
        throw new AppError(
          "config_invalid",
          `Function "${around.definition.name}" has no variant "${part.variant}", which binding ${binding.hash} needs.`,
        );
      }
      const partBinding: Binding = { ...binding, variant: part.variant, kind: target.kind, label: part.label, resolved: part.resolved };
      parts.push(await around.kinds[target.kind].open(target as never, partBinding, around));
    }
    return { binding, run: (call) => runCascade(spec, parts, around.definition, call) };
  },
};

async function runCascade(
  spec: ComposeSpec<Erased, Erased>,
  parts: readonly Variant[],
  definition: FunctionDefinition,
  call: VariantCall,
): Promise<unknown> {
  let best: Record<string, unknown> | undefined;
  let bestConfidence = -1;
  let failure: unknown;
  for (const part of parts) {
    const startMs = call.evidence.elapsed();
    const step = { name: part.binding.variant, kind: "variant" as const, startMs: roundMs(startMs) };
    try {
      const parsed = definition.output.safeParse(await part.run(call));
      const confidence = parsed.success ? (definition.confidenceOf(parsed.data) ?? 1) : -1;
      call.evidence.step({
        ...step,
        durationMs: roundMs(call.evidence.elapsed() - startMs),
        status: parsed.success ? "ok" : "skipped",
        details: { confidence: parsed.success ? confidence : null, minimumConfidence: spec.minimumConfidence },
      });
      if (parsed.success && confidence > bestConfidence) [best, bestConfidence] = [parsed.data, confidence];
      if (confidence >= spec.minimumConfidence) break;
    } catch (error) {
      failure = error;
      call.evidence.step({
        ...step,
        durationMs: roundMs(call.evidence.elapsed() - startMs),
        status: "failed",
        error: error instanceof AppError ? error.code : "variant_failed",
      });
      if (call.deadline.passed()) throw error;
    }
  }
  if (best === undefined) {
    if (failure !== undefined) throw failure as Error;
    return undefined;
  }
  if (spec.policy === undefined) return best;
  const startMs = call.evidence.elapsed();
  const decided: unknown = spec.policy(best, call.input);
  call.evidence.step({
    name: "policy",
    kind: "policy",
    startMs: roundMs(startMs),
    durationMs: roundMs(call.evidence.elapsed() - startMs),
    status: "ok",
  });
  return decided;
}
