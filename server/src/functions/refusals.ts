import { type Clock, type Logger, createId } from "../core/index.ts";
import { writeRecord } from "./record.ts";
import type { EvidenceJournal, Refusal } from "./types.ts";

/** Refusals recorded in full, per second and node. What is beyond is counted and the count recorded with the next one. */
const recordedPerSecond = 10;

export interface RefusalDeps {
  readonly journal: EvidenceJournal;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly nodeFacts: string;
  readonly stateAgeMs: () => number;
}

/**
 * Notes refusals of known callers as evidence with status `refused`. A flood of them must cost less than the answers it
 * replaces: no input is kept, nobody waits for the journal, and only so many a second are written.
 */
export function createRefusals(deps: RefusalDeps): (refusal: Refusal) => void {
  let second = 0;
  let written = 0;
  let unrecorded = 0;

  return function refuse(refusal) {
    const now = deps.clock.now();
    const current = Math.floor(now / 1000);
    if (current !== second) [second, written] = [current, 0];
    if (written >= recordedPerSecond || deps.journal.unavailable() !== undefined) {
      unrecorded++;
      return;
    }
    written++;
    const step = {
      name: refusal.code,
      kind: "admission" as const,
      startMs: 0,
      durationMs: 0,
      status: "failed" as const,
      error: refusal.code,
      details: { message: refusal.detail ?? "", unrecorded },
    };
    unrecorded = 0;
    const record = writeRecord({
      status: "refused",
      caller: refusal.caller,
      candidate: null,
      function: refusal.function,
      fallback: false,
      label: null,
      confidence: null,
      error: refusal.code,
      latencyMs: 0,
      occurredAt: now,
      input: "null",
      output: "null",
      steps: [step],
      nodeFacts: deps.nodeFacts,
      stateAgeMs: deps.stateAgeMs(),
      traceId: undefined,
      budgetMs: 0,
      metadata: undefined,
      idempotency: undefined,
    });
    deps.journal
      .appendSerialized("inference", createId(deps.clock), record)
      .catch((error: unknown) => deps.logger.warn({ error }, "a refusal could not be recorded"));
  };
}
