import { tmpdir } from "node:os";
import { median, openLoad, percentile } from "../load.ts";
import { syncedWrites } from "../synced-writes.ts";
import { type Check, atMost, result } from "../table.ts";
import { chatTarget, startParties } from "./parties.ts";

const repeats = 5;
const rate = { ratePerSecond: 500, seconds: 8 };
const warmUp = { ratePerSecond: 500, seconds: 16 };

/** What a call takes longer than through the bare proxy, at 500 requests a second. */
export const latencyCheck: Check = {
  name: "latency",
  async run() {
    const { proxy, server, stop } = await startParties({ drain: true });
    try {
      const [bare, ours] = [chatTarget(proxy, "whole"), chatTarget(server, "whole")];
      for (const target of [bare, ours]) await openLoad(target, warmUp);
      const added: { p50: number; p99: number; floor: number }[] = [];
      const disk: { p50: number; p99: number }[] = [];
      for (let repeat = 0; repeat < repeats; repeat++) {
        const floor = (await openLoad(bare, rate)).latenciesMs;
        const { latenciesMs, failures } = await openLoad(ours, rate);
        if (failures > 0) throw new Error(`${failures} requests failed`);
        const over = (share: number) => percentile(latenciesMs, share) - percentile(floor, share);
        disk.push(await syncedWrites(tmpdir(), 3));
        added.push({ p50: over(0.5), p99: over(0.99), floor: percentile(floor, 0.99) });
      }
      const n = repeats * rate.ratePerSecond * rate.seconds;
      const floor = median(added.map((each) => each.floor));
      return [
        result("added at 500 requests/s, p50", median(added.map(({ p50 }) => p50)), "ms", { goal: atMost(0.5), n }),
        result("added at 500 requests/s, p99", median(added.map(({ p99 }) => p99)), "ms", { goal: atMost(Math.max(3, floor)), n }),
        result("  the proxy's own p99", floor, "ms", { goal: null, n }),
        result("  a synced write on this disk meanwhile, p50", median(disk.map(({ p50 }) => p50)), "ms", { goal: null, n: repeats }),
        result("  a synced write on this disk meanwhile, p99", median(disk.map(({ p99 }) => p99)), "ms", { goal: null, n: repeats }),
      ];
    } finally {
      await stop();
    }
  },
};
