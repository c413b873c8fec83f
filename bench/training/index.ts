import type { Check } from "../table.ts";
import { adultCheck, californiaCheck, rankingCheck } from "./quality.ts";
import { syntheticCheck } from "./synthetic.ts";

/** Boosted trees: how good, how fast beside LightGBM in the same run, how much memory. */
export const checks: readonly Check[] = [adultCheck, californiaCheck, rankingCheck, syntheticCheck];
