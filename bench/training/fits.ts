import { availableParallelism } from "node:os";
import { boost } from "../../server/src/models/trainers/boosted-trees/boost.ts";
import { type ObjectiveName, type Table, defaultOptions } from "../../server/src/models/trainers/boosted-trees/types.ts";
import { median } from "../load.ts";
import { type CheckResult, atMost, result } from "../table.ts";
import { fitLightgbm, hasLightgbm } from "./lightgbm.ts";

const threads = availableParallelism();

/** Fits ours and LightGBM's, repeat by repeat, with defaults and the same threads: seconds of ours, and how many times theirs that is. */
export function compareFits(
  name: string,
  table: Table,
  options: { objective: ObjectiveName; peer: string; repeats: number },
): CheckResult[] {
  const { objective, peer, repeats } = options;
  const ours = () => {
    const startedAt = performance.now();
    boost(table, { ...defaultOptions, objective, threads });
    return (performance.now() - startedAt) / 1000;
  };
  const own: number[] = [];
  const theirs: number[] = [];
  const isThere = hasLightgbm();
  for (let repeat = 0; repeat < repeats; repeat++) {
    own.push(ours());
    if (isThere) theirs.push(...fitLightgbm(table, { objective: peer, threads, repeats: 1 }));
  }
  const n = table.rows;
  const seconds = result(`${name}: fit, wall, median of ${repeats}`, median(own), "s", { goal: null, n });
  if (!isThere) {
    const why = `${name}: times LightGBM's (python3 with lightgbm is not here)`;
    return [seconds, { name: why, value: null, unit: "", target: "at most 3", ok: null, n }];
  }
  return [
    seconds,
    result(`${name}: LightGBM's fit, wall, median of ${repeats}`, median(theirs), "s", { goal: null, n }),
    result(`${name}: times LightGBM's`, median(own) / median(theirs), "", { goal: atMost(3), n }),
  ];
}
