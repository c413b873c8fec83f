import { createId, roundMs } from "../core/index.ts";
import type { InferDeps } from "./infer.ts";
import { type RecordInput, writeRecord } from "./record.ts";
import { StepRecorder } from "./recorder.ts";
import type { ModelCall, ModelCallEnd, OpenedModelCall } from "./types.ts";

export interface ModelCallDeps extends Pick<InferDeps, "journal" | "clock" | "nodeFacts" | "stateAgeMs"> {
  readonly onEnd: () => void;
}

/** The evidence of one call of a foundation model, which whoever calls it opens and closes. */
export function openModelCall(call: ModelCall, deps: ModelCallDeps): OpenedModelCall {
  const id = createId(deps.clock);
  const recorder = new StepRecorder(call.startedAt);
  const occurredAt = deps.clock.now();
  let opened = false;
  let closed = false;

  function write(end: ModelCallEnd, input: string | undefined): string {
    const variant = end.variant ?? call.variant;
    const head = `"function":${JSON.stringify(call.function)},"variant":${JSON.stringify(variant)},"binding":null,"arm":null,"release":null`;
    const produced = JSON.stringify(end.produced).slice(1, -1);
    const record: RecordInput = {
      status: end.status,
      caller: call.caller,
      candidate: { recordHead: head, producedHead: produced === "" ? `"model":${JSON.stringify(variant)}` : produced },
      function: call.function,
      fallback: end.variant !== null && end.variant !== (end.chosen ?? call.variant),
      label: null,
      confidence: null,
      error: end.error,
      latencyMs: roundMs(recorder.elapsed()),
      occurredAt,
      input,
      output: end.output,
      steps: recorder.steps,
      nodeFacts: deps.nodeFacts,
      stateAgeMs: deps.stateAgeMs(),
      traceId: call.traceId,
      budgetMs: call.budgetMs,
      metadata: undefined,
      idempotency: undefined,
    };
    return writeRecord(record);
  }

  return {
    id,
    evidence: recorder,
    async open() {
      const nothing = { status: "failed", error: null, variant: null, output: "null", produced: {} } as const;
      await deps.journal.appendSerialized("inference.opened", id, write(nothing, call.input));
      opened = true;
    },
    async close(end) {
      if (closed) return;
      closed = true;
      deps.onEnd();
      await deps.journal.appendSerialized(opened ? "inference.closed" : "inference", id, write(end, opened ? undefined : call.input));
    },
  };
}
