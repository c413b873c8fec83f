import { type EvidenceRecorder, roundMs, toAppError } from "../../core/index.ts";
import type { Spender } from "./buckets.ts";
import type { Forecast, Hold, Meter } from "./meter.ts";

export interface Holding {
  readonly spender: Spender;
  readonly forecast: Forecast;
  /** What is held ends by itself after so long. */
  readonly leaseMs: number;
}

/** Reserves for a call; a refusal stands in its evidence, under the budget's name. */
export async function holdNoted(meter: Meter, { spender, forecast, leaseMs }: Holding, evidence: EvidenceRecorder): Promise<Hold> {
  const startMs = evidence.elapsed();
  try {
    return await meter.hold(spender, forecast, leaseMs);
  } catch (error) {
    const { code, message, details } = toAppError(error);
    const budget = typeof details["budget"] === "string" ? details["budget"] : "budgets";
    evidence.step({
      name: `budget:${budget}`,
      kind: "admission",
      startMs: roundMs(startMs),
      durationMs: roundMs(evidence.elapsed() - startMs),
      status: "failed",
      error: code,
      details: { message },
    });
    throw error;
  }
}
