import { AppError, roundMs, toAppError } from "../../core/index.ts";
import type { BestOfSpec, Erased, FunctionDefinition, Variant, VariantCall } from "../types.ts";
import type { VariantKind } from "./types.ts";

/** Several answers of another variant, each with a seed of its own, and the one that scores highest. */
export const bestOfKind: VariantKind<BestOfSpec<Erased, Erased>> = {
  async resolve(name, spec, around) {
    const target = around.definition.variants[spec.of]!;
    const resolution = await around.kinds[target.kind].resolve(spec.of, target as never, around);
    if (resolution === null) return null;
    return {
      label: `${name}(${spec.count} x ${resolution.label})`,
      resolved: { source: around.sourceHash, count: spec.count, parts: [{ variant: spec.of, ...resolution }] },
    };
  },

  async open(spec, binding, around) {
    const target = around.definition.variants[spec.of]!;
    const [part] = binding.resolved["parts"] as [{ label: string; resolved: Record<string, unknown> }];
    const partBinding = { ...binding, variant: spec.of, kind: target.kind, label: part.label, resolved: part.resolved };
    const opened = await around.kinds[target.kind].open(target as never, partBinding, around);
    return { binding, run: (call) => askSeveral(spec, opened, around.definition, call) };
  },
};

interface Candidate {
  readonly output: unknown;
  readonly score: number;
}

async function askSeveral(
  spec: BestOfSpec<Erased, Erased>,
  variant: Variant,
  definition: FunctionDefinition,
  call: VariantCall,
): Promise<unknown> {
  const seeds = Array.from({ length: spec.count }, (_, index) => (call.seed ?? 0) + index + 1);
  const asked = await Promise.allSettled(seeds.map((seed) => askOne(seed)));
  const candidates = asked.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  const [first, ...others] = candidates;
  // One that failed costs the others nothing, as long as there is one.
  if (first === undefined) throw (asked[0] as PromiseRejectedResult).reason;
  return others.reduce((best, each) => (each.score > best.score ? each : best), first).output;

  async function askOne(seed: number): Promise<Candidate> {
    const { evidence } = call;
    const startMs = evidence.elapsed();
    const step = (status: "ok" | "failed", error: AppError | null, details: Record<string, unknown>) =>
      evidence.step({
        name: `${spec.of}, seed ${seed}`,
        kind: "variant",
        startMs: roundMs(startMs),
        durationMs: roundMs(evidence.elapsed() - startMs),
        status,
        ...(error === null ? {} : { error: error.code }),
        details,
      });
    try {
      const output = await variant.run({ ...call, signal: call.signal, seed });
      const score = await scoreOf(output);
      step("ok", null, { score });
      return { output, score };
    } catch (error) {
      const known = toAppError(error);
      step("failed", known, { message: known.message });
      throw error;
    }
  }

  async function scoreOf(output: unknown): Promise<number> {
    const parsed = definition.output.safeParse(output);
    if (!parsed.success) throw new AppError("invalid_output", `"${spec.of}" answered outside the output schema.`);
    const score: number = await spec.score(parsed.data, call.input);
    if (Number.isNaN(score)) throw new AppError("variant_failed", `The score of an answer of "${spec.of}" is not a number.`);
    return score;
  }
}
