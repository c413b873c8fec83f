import { availableParallelism } from "node:os";
import { boost } from "../../server/src/models/trainers/boosted-trees/boost.ts";
import { type ObjectiveName, type Table, defaultOptions } from "../../server/src/models/trainers/boosted-trees/types.ts";
import { median } from "../load.ts";
import { type CheckResult, atMost, result } from "../table.ts";
import { type Seconds, fitLightgbm, hasLightgbm } from "./lightgbm.ts";

const threads = availableParallelism();

/**
 * Fits ours and LightGBM's, repeat by repeat, with defaults: seconds of all threads and how many times theirs that is; then CPU seconds of one
 * thread, which say the same on a machine that has other work to do.
 */
export function compareFits(
  name: string,
  table: Table,
  options: { objective: ObjectiveName; peer: string; repeats: number },
): CheckResult[] {
  const { objective, peer, repeats } = options;
  const isThere = hasLightgbm();
  const own: Seconds[] = [];
  const theirs: Seconds[] = [];
  for (let repeat = 0; repeat < repeats; repeat++) {
    own.push(fitOurs(table, objective, threads));
    if (isThere) theirs.push(fitLightgbm(table, { objective: peer, threads }));
  }
  const n = table.rows;
  const seconds = median(own.map(({ wall }) => wall));
  const shown = result(`${name}: fit, wall, median of ${repeats}`, seconds, "s", { goal: null, n });
  if (!isThere) {
    const why = `${name}: times LightGBM's (python3 with lightgbm is not here)`;
    return [shown, { name: why, value: null, unit: "", target: "at most 3", ok: null, n }];
  }
  const peerSeconds = median(theirs.map(({ wall }) => wall));
  const [ownCpu, peerCpu] = [fitOurs(table, objective, 1).cpu, fitLightgbm(table, { objective: peer, threads: 1 }).cpu];
  return [
    shown,
    result(`${name}: LightGBM's fit, wall, median of ${repeats}`, peerSeconds, "s", { goal: null, n }),
    result(`${name}: times LightGBM's`, seconds / peerSeconds, "", { goal: atMost(3), n }),
    result(`${name}: CPU of one thread, times LightGBM's`, ownCpu / peerCpu, "", { goal: atMost(3), n }),
  ];
}

function fitOurs(table: Table, objective: ObjectiveName, count: number): Seconds {
  const startedAt = performance.now();
  const before = process.cpuUsage();
  boost(table, { ...defaultOptions, objective, threads: count });
  const { user, system } = process.cpuUsage(before);
  return { wall: (performance.now() - startedAt) / 1000, cpu: (user + system) / 1e6 };
}
