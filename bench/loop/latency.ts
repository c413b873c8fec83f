import { type Target, closedLoad, median, openLoad, percentile } from "../load.ts";
import { startEcho, startMillrace } from "../processes.ts";
import { type Check, atMost, result } from "../table.ts";

const repeats = 5;
const rate = { ratePerSecond: 1000, seconds: 5 };
/** Until both processes have compiled what is hot: the embedded database's code alone takes seconds. */
const warmUp = { ratePerSecond: 1000, seconds: 15 };

/** p99 at 1,000 requests a second against the echo's, and the median of a lone request. */
export const latencyCheck: Check = {
  name: "latency",
  async run() {
    const echo = await startEcho();
    const server = await startMillrace({ config: "millrace.config.ts" });
    try {
      const body = (index: number) => JSON.stringify({ input: { text: `where is my card number ${index}` } });
      const echoTarget: Target = { url: echo.url, path: "/", headers: {}, body };
      const target: Target = {
        url: server.url,
        path: "/api/functions/echo-rules/infer",
        headers: { authorization: `Bearer ${server.key}` },
        body,
      };
      await openLoad(echoTarget, warmUp);
      await openLoad(target, warmUp);
      const differences: number[] = [];
      for (let repeat = 0; repeat < repeats; repeat++) {
        const floor = percentile((await openLoad(echoTarget, rate)).latenciesMs, 0.99);
        const ours = await openLoad(target, rate);
        if (ours.failures > 0) throw new Error(`${ours.failures} requests failed`);
        differences.push(percentile(ours.latenciesMs, 0.99) - floor);
      }
      const lone = await closedLoad(target, { requests: 300, concurrency: 1 });
      return [
        result("p99 at 1,000 requests/s over the echo's", median(differences), "ms", {
          goal: atMost(8),
          n: repeats * rate.ratePerSecond * rate.seconds,
        }),
        result("lone request, median", percentile(lone.latenciesMs, 0.5), "ms", { goal: atMost(3), n: 300 }),
      ];
    } finally {
      await server.stop();
      await echo.stop();
    }
  },
};
