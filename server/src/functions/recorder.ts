import type { EvidenceRecorder, Step } from "../core/index.ts";

/** Collects the steps of one inference. Times are milliseconds since it started. */
export class StepRecorder implements EvidenceRecorder {
  readonly steps: Step[] = [];
  readonly #startedAt: number;

  constructor(startedAt: number = performance.now()) {
    this.#startedAt = startedAt;
  }

  step(step: Step): void {
    this.steps.push(step);
  }

  elapsed(): number {
    return performance.now() - this.#startedAt;
  }
}
