import type { Check } from "../table.ts";
import { accuracyCheck } from "./accuracy.ts";
import { cpuCheck } from "./cpu.ts";
import { drainCheck } from "./drain.ts";
import { latencyCheck } from "./latency.ts";
import { startCheck } from "./start.ts";
import { sustainedCheck } from "./sustained.ts";

/** The figures of the loop, in the order they are printed. */
export const checks: readonly Check[] = [accuracyCheck, cpuCheck, drainCheck, latencyCheck, sustainedCheck, startCheck];
