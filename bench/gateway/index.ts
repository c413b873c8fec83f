import type { Check } from "../table.ts";
import { cpuCheck } from "./cpu.ts";
import { latencyCheck } from "./latency.ts";
import { portkeyCheck } from "./portkey.ts";
import { memoryCheck } from "./memory.ts";
import { streamsCheck } from "./streams.ts";
import { sustainedCheck } from "./sustained.ts";

/** The figures of the gateway, in the order they are printed. */
export const checks: readonly Check[] = [cpuCheck, latencyCheck, streamsCheck, portkeyCheck, sustainedCheck, memoryCheck];
