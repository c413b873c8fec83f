import { AppError, type Context, Deadline, roundMs } from "../core/index.ts";
import type { FunctionRuntime } from "./function-runtime.ts";
import { parseInput } from "./infer.ts";
import { StepRecorder } from "./recorder.ts";
import { findBinding } from "./arms-repository.ts";
import { checkOutput } from "./run-chain.ts";
import type { Binding, FunctionsDeps, RunVariantInput, Variant, VariantResult } from "./types.ts";

/** Evaluation may take its time; this only ends what hangs. */
const timeMs = 60_000;

/** One variant on one input, outside the traffic: no record, no fallback. Throws what the variant throws. */
export async function runVariant(
  context: Context,
  input: RunVariantInput,
  variant: Variant,
  runtime: FunctionRuntime,
): Promise<VariantResult> {
  const { definition } = runtime;
  const parsed = parseInput(definition, input.input);
  const recorder = new StepRecorder();
  const deadline = new Deadline(performance.now() + timeMs, input.signal);
  try {
    const answer = variant.run({ context, input: parsed, evidence: recorder, deadline, signal: deadline.signal, ask: input.ask });
    const output = checkOutput(definition, variant.binding.variant, answer instanceof Promise ? await deadline.race(answer) : answer);
    return {
      output,
      label: definition.labelOf(output),
      confidence: definition.confidenceOf(output),
      binding: variant.binding.hash,
      variant: variant.binding.variant,
      steps: recorder.steps,
      latencyMs: roundMs(recorder.elapsed()),
    };
  } finally {
    deadline.end();
  }
}

/** The binding a name or a hash means. */
export async function bindingForRun(
  context: Context,
  input: RunVariantInput,
  runtime: FunctionRuntime,
  deps: Pick<FunctionsDeps, "sql">,
): Promise<Binding> {
  const { name } = runtime.definition;
  if (input.binding !== undefined) {
    const hash = input.binding;
    const binding = await deps.sql.as(context, (tx) => findBinding(tx, hash));
    if (binding === null || binding.function !== name)
      throw new AppError("not_found", `Function "${name}" has no binding ${hash}.`, { details: { binding: hash } });
    return binding;
  }
  const binding = await runtime.resolve(input.variant!);
  if (binding === null)
    throw new AppError("model_not_ready", `Variant "${input.variant}" of "${name}" cannot be bound: what it needs does not exist.`, {
      details: { variant: input.variant },
    });
  return binding;
}
