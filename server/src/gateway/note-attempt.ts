import { type EvidenceRecorder, type Step, toAppError, roundMs } from "../core/index.ts";

/** One try as a step of the evidence: of a stream, until its first useful event. */
export async function noteAttempt<Value extends { readonly kind: string }>(
  target: { readonly name: string },
  evidence: EvidenceRecorder,
  run: () => Promise<Value>,
): Promise<Value> {
  const startMs = evidence.elapsed();
  const step = (status: Step["status"], more: Partial<Step>) =>
    evidence.step({
      name: target.name,
      kind: "llm",
      startMs: roundMs(startMs),
      durationMs: roundMs(evidence.elapsed() - startMs),
      status,
      ...more,
    });
  try {
    const value = await run();
    step("ok", { details: { kind: value.kind } });
    return value;
  } catch (error) {
    const { code, message, details } = toAppError(error);
    step(code === "deadline_exceeded" ? "timeout" : "failed", { error: code, details: { message, status: details["status"] ?? null } });
    throw error;
  }
}

/** A target that was left alone. */
export function noteSkipped(target: string, evidence: EvidenceRecorder): void {
  const startMs = roundMs(evidence.elapsed());
  evidence.step({
    name: target,
    kind: "llm",
    startMs,
    durationMs: 0,
    status: "skipped",
    error: "provider_busy",
    details: { circuit: "open" },
  });
}
