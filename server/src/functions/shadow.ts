import { type Clock, Deadline, type Logger, createId, toAppError, roundMs } from "../core/index.ts";
import { StepRecorder } from "./recorder.ts";
import { checkOutput } from "./run-chain.ts";
import type { Caller, EvidenceJournal, FunctionDefinition, Variant } from "./types.ts";

export interface ShadowOffer {
  readonly inferenceId: string;
  readonly definition: FunctionDefinition;
  readonly variants: readonly Variant[];
  readonly input: Record<string, unknown>;
  readonly caller: Caller;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly address?: string | undefined;
  /** What the caller got: its label, and its output as JSON text. */
  readonly label: string | null;
  readonly output: string;
}

export interface ShadowRunner {
  /** Takes the offer or drops it; never waits, never throws. */
  offer(offer: ShadowOffer): void;
  /** Offers dropped because the bound was reached, since the start. */
  dropped(): number;
  /** Resolves when those taken are recorded. */
  idle(): Promise<void>;
}

export interface ShadowDeps {
  readonly journal: EvidenceJournal;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Shadows at work at once (default 4), and waiting beside them (default 256). */
  readonly concurrency?: number;
  readonly queue?: number;
}

/** Shadows get this much time, and more where the function takes more; whatever the caller had: nobody waits for them. */
const shadowTimeMs = 10_000;

/** Runs shadows after the answer left, a few at a time, and records each under the inference it shadows. */
export function createShadowRunner(deps: ShadowDeps): ShadowRunner {
  const concurrency = deps.concurrency ?? 4;
  const bound = deps.queue ?? 256;
  const waiting: { offer: ShadowOffer; variant: Variant }[] = [];
  const idlers: (() => void)[] = [];
  let running = 0;
  let dropped = 0;

  function offer(given: ShadowOffer): void {
    for (const variant of given.variants) {
      if (waiting.length >= bound) dropped++;
      else waiting.push({ offer: given, variant });
    }
    // Not in this turn: the answer's own bytes go first.
    if (running < concurrency) setImmediate(pump);
  }

  function pump(): void {
    while (running < concurrency && waiting.length > 0) {
      const next = waiting.shift()!;
      running++;
      void runShadow(next.offer, next.variant, deps)
        .catch((error: unknown) => deps.logger.warn({ error, inferenceId: next.offer.inferenceId }, "a shadow could not be recorded"))
        .finally(() => {
          running--;
          pump();
        });
    }
    if (running === 0 && waiting.length === 0) for (const idler of idlers.splice(0)) idler();
  }

  return {
    offer,
    dropped: () => dropped,
    idle: () =>
      new Promise((resolve) => {
        idlers.push(resolve);
        setImmediate(pump);
      }),
  };
}

async function runShadow(offer: ShadowOffer, variant: Variant, deps: ShadowDeps): Promise<void> {
  const { definition } = offer;
  const recorder = new StepRecorder();
  const deadline = new Deadline(performance.now() + Math.max(shadowTimeMs, definition.latencyBudgetMs));
  let output: Record<string, unknown> | null = null;
  let error: string | null = null;
  try {
    const { caller: context, input, metadata, address } = offer;
    const raw = variant.run({ context, input, metadata, address, evidence: recorder, deadline, signal: deadline.signal });
    output = checkOutput(definition, variant.binding.variant, await deadline.race(Promise.resolve(raw)));
  } catch (cause) {
    error = toAppError(cause).code;
  } finally {
    deadline.end();
  }
  const label = output === null ? null : definition.labelOf(output);
  await deps.journal.appendSerialized(
    "inference.shadow",
    createId(deps.clock),
    JSON.stringify({
      projectId: offer.caller.projectId,
      inferenceId: offer.inferenceId,
      function: definition.name,
      variant: variant.binding.variant,
      binding: variant.binding.hash,
      output,
      label,
      confidence: output === null ? null : definition.confidenceOf(output),
      agrees: output === null ? null : agrees(offer, label, output),
      error,
      latencyMs: roundMs(recorder.elapsed()),
      steps: recorder.steps,
    }),
  );
}

/** By label where there is one, else by the whole output. */
function agrees(offer: ShadowOffer, label: string | null, output: Record<string, unknown>): boolean {
  return offer.label === null && label === null ? offer.output === JSON.stringify(output) : offer.label === label;
}
