import type { Signal } from "@millrace/contract";
import { wilson } from "../../statistics/index.ts";
import type { Measure } from "./types.ts";

export interface ShareInput {
  readonly monitor: Signal["monitor"];
  readonly measure: string;
  readonly part: number;
  readonly whole: number;
  readonly threshold: number;
  readonly detail: string;
}

const strongFactor = 5;
const strongCeiling = 0.5;
/** 99.8%, so that one side is the chance every monitor allows itself. */
const confidence = 0.998;

/** A share that should be near zero: exceeded when it is above the threshold and surely above half of it. */
export function measureShare({ monitor, measure, part, whole, threshold, detail }: ShareInput): Measure {
  const { value, low } = wilson(Math.min(part, whole), whole, confidence);
  return {
    monitor,
    measure,
    value,
    threshold,
    pValue: null,
    n: whole,
    detail,
    exceeded: whole > 0 && value >= threshold && low > threshold / 2,
    strong: whole > 0 && low > Math.min(strongCeiling, threshold * strongFactor),
  };
}
