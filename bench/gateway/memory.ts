import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "../../sdk/src/index.ts";
import { closedLoad } from "../load.ts";
import { collectGarbage, memoryMb, startMillrace } from "../processes.ts";
import { type Check, atMost, result } from "../table.ts";
import { chatTarget, startParties } from "./parties.ts";

const first = 50_000;
const second = 200_000;
const concurrency = 64;

/** Does memory grow with what was served while the store takes nothing; and is everything stored once it takes again. */
export const memoryCheck: Check = {
  name: "memory",
  async run() {
    const dataFolder = await mkdtemp(join(tmpdir(), "millrace-bench-"));
    const stopped = await startParties({ drain: false, dataFolder });
    let [early, late] = [0, 0];
    try {
      const target = chatTarget(stopped.server, "whole");
      const served = async (requests: number) => {
        const { failures } = await closedLoad(target, { requests, concurrency });
        if (failures > 0) throw new Error(`${failures} of ${requests} requests failed`);
        await collectGarbage(stopped.server.pid);
        return memoryMb(stopped.server.pid).now;
      };
      early = await served(first);
      late = await served(second - first);
    } finally {
      await stopped.stop();
    }
    process.env["MILLRACE_BENCH_DRAIN"] = "on";
    const again = await startMillrace({ config: "gateway/millrace.config.ts", dataFolder, keep: true });
    try {
      const client = createClient(again);
      let evidence = await client.call("evidence.get", {});
      const from = performance.now();
      while (evidence.backlog > 0 && performance.now() - from < 300_000) {
        await new Promise((resolve) => setTimeout(resolve, 500));
        evidence = await client.call("evidence.get", {});
      }
      return [
        result("memory after 200,000 requests, over that after 50,000", late / early - 1, "share", { goal: atMost(0.1), n: second }),
        result("  after 50,000", early, "MB", { goal: null, n: first }),
        result("  after 200,000", late, "MB", { goal: null, n: second }),
        result("  not stored once the store takes again", second - evidence.stored, "records", { goal: atMost(0), n: second }),
      ];
    } finally {
      await again.stop();
      await rm(dataFolder, { recursive: true, force: true });
    }
  },
};
