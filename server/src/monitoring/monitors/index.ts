import { accuracy } from "./accuracy.ts";
import { failures } from "./failures.ts";
import { inputDrift } from "./input-drift.ts";
import { latency } from "./latency.ts";
import { outputDrift } from "./output-drift.ts";
import type { Measure, Monitor, MonitorInput } from "./types.ts";

/** The family: every monitor there is. */
export const monitors: readonly Monitor[] = [outputDrift, inputDrift, accuracy, latency, failures];

/** What all monitors say about a window. */
export function measureWindow(input: MonitorInput): Measure[] {
  return monitors.flatMap((monitor) => monitor.measure(input));
}

export { answeredShare, trueShare } from "./output-drift.ts";
export type { Measure, MonitorInput, ReferenceFacts, Truth, WindowFacts } from "./types.ts";
