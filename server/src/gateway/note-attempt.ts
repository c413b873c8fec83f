import { type EvidenceRecorder, type Step, toAppError, roundMs } from "../core/index.ts";
import type { PaidAttempt } from "./attempt-book.ts";
import { wayOf } from "./exchange/failures.ts";
import type { SkipReason } from "./reliability/enter-lane.ts";

export interface NotedTarget {
  readonly name: string;
  /** Its place, where there are several: the text of a key stands nowhere. */
  readonly key?: number | undefined;
  readonly kind?: Step["kind"];
  /** Of one that failed: what is paid for it all the same. */
  readonly lost?: () => Pick<PaidAttempt, "usage" | "cost"> | undefined;
}

/** One try as a step of the evidence: of a stream, until its first useful event. */
export async function noteAttempt<Value extends { readonly kind: string }>(
  { name, key, kind = "llm", lost }: NotedTarget,
  evidence: EvidenceRecorder,
  run: () => Promise<Value>,
): Promise<Value> {
  const startMs = evidence.elapsed();
  const which = key === undefined ? {} : { key };
  const step = (status: Step["status"], more: Partial<Step>) =>
    evidence.step({
      name,
      kind,
      startMs: roundMs(startMs),
      durationMs: roundMs(evidence.elapsed() - startMs),
      status,
      ...more,
      details: { ...more.details, ...which },
    });
  try {
    const value = await run();
    step("ok", { details: { kind: value.kind } });
    return value;
  } catch (error) {
    const { code, message, details } = toAppError(error);
    const paid = lost?.();
    step(code === "deadline_exceeded" ? "timeout" : "failed", {
      error: code,
      details: { message, status: details["status"] ?? null, ...wayOf(error), ...(paid && { usage: paid.usage, cost: paid.cost }) },
    });
    throw error;
  }
}

const skips: Readonly<Record<SkipReason, Record<string, unknown>>> = {
  circuit_open: { circuit: "open" },
  key_resting: { keys: "resting" },
  target_busy: { concurrency: "full" },
};

export function isSkip(code: string | null): code is SkipReason {
  return code !== null && Object.hasOwn(skips, code);
}

/** A target that was left alone. */
export function noteSkipped(target: string, evidence: EvidenceRecorder, reason: SkipReason = "circuit_open"): void {
  const startMs = roundMs(evidence.elapsed());
  evidence.step({
    name: target,
    kind: "llm",
    startMs,
    durationMs: 0,
    status: "skipped",
    error: "provider_busy",
    details: skips[reason],
  });
}
