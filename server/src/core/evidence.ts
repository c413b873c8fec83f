/** One timed piece of work inside an inference: a variant tried, a model run, a guardrail. Times in milliseconds. */
export interface Step {
  readonly name: string;
  readonly kind: "admission" | "variant" | "model" | "rules" | "policy" | "shadow" | "embedding" | "llm" | "ask";
  /** From the start of the inference. */
  readonly startMs: number;
  readonly durationMs: number;
  readonly status: "ok" | "failed" | "timeout" | "skipped";
  /** The error code when it failed. */
  readonly error?: string;
  readonly details?: Record<string, unknown>;
}

/** What lower modules write into while they work for an inference (design, section 4: `context.evidence`). */
export interface EvidenceRecorder {
  step(step: Step): void;
  /** Milliseconds since the inference started. */
  elapsed(): number;
}

/** Microsecond digits are noise in a record that is read by people. */
export function roundMs(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
