import { closedLoad, median } from "../load.ts";
import { type Running, cpuSeconds } from "../processes.ts";
import { type Check, atLeast, atMost, result } from "../table.ts";
import { chatTarget, startParties } from "./parties.ts";

const repeats = 5;
const requests = 6000;
/** Until the compiler is done with both sides: its threads count as theirs. */
const warmUp = 40_000;
const concurrency = 64;
const events = 200;
const streams = 300;

/**
 * What the serve process spends, against a bare proxy that reads, sends on and passes back; everything on. With
 * MILLRACE_BENCH_DATABASE_URL (a PostgreSQL after `millrace storage migrate`) it is `serve`, whose evidence another process carries there;
 * without, `up` on the embedded store with its drain off.
 */
export const cpuCheck: Check = {
  name: "CPU",
  async run() {
    const databaseUrl = process.env["MILLRACE_BENCH_DATABASE_URL"];
    const { proxy, server, stop } = await startParties({ drain: databaseUrl !== undefined, databaseUrl });
    try {
      const whole = await compare({ proxy, server }, { model: "whole", requests, warmUp, concurrency });
      const stream = await compare({ proxy, server }, { model: `stream:${events}`, requests: streams, warmUp: 400, concurrency: 32 });
      return [
        result("requests per CPU second, of a bare proxy's", median(whole.map(([bare, ours]) => bare / ours)), "x", {
          goal: atLeast(0.6),
          n: repeats * requests,
        }),
        result("  of it: the proxy", median(whole.map(([bare]) => bare)) * 1e6, "us", { goal: null, n: repeats * requests }),
        result("  of it: Millrace", median(whole.map(([, ours]) => ours)) * 1e6, "us", { goal: null, n: repeats * requests }),
        result("CPU per event of a stream, of a bare proxy's", median(stream.map(([bare, ours]) => ours / bare)), "x", {
          goal: atMost(1.5),
          n: repeats * streams * events,
        }),
        result("  of it: the proxy", (median(stream.map(([bare]) => bare)) / events) * 1e6, "us", {
          goal: null,
          n: repeats * streams * events,
        }),
        result("  of it: Millrace", (median(stream.map(([, ours]) => ours)) / events) * 1e6, "us", {
          goal: null,
          n: repeats * streams * events,
        }),
      ];
    } finally {
      await stop();
    }
  },
};

interface Load {
  readonly model: string;
  readonly requests: number;
  readonly warmUp: number;
  readonly concurrency: number;
}

/** CPU seconds a request, of the proxy and of Millrace, repeat by repeat. */
async function compare(
  { proxy, server }: { proxy: Running; server: Running & { key: string } },
  load: Load,
): Promise<[bare: number, ours: number][]> {
  const parties = [
    [proxy.pid, chatTarget(proxy, load.model)],
    [server.pid, chatTarget(server, load.model)],
  ] as const;
  for (const [, target] of parties) await closedLoad(target, { requests: load.warmUp, concurrency: load.concurrency });
  const pairs: [number, number][] = [];
  for (let repeat = 0; repeat < repeats; repeat++) {
    const spent: number[] = [];
    for (const [pid, target] of parties) {
      const before = cpuSeconds(pid);
      const { failures } = await closedLoad(target, load);
      if (failures > 0) throw new Error(`${failures} of ${load.requests} requests failed`);
      spent.push((cpuSeconds(pid) - before) / load.requests);
    }
    pairs.push([spent[0]!, spent[1]!]);
  }
  return pairs;
}
