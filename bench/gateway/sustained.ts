import { createClient } from "../../sdk/src/index.ts";
import { openLoad } from "../load.ts";
import { type Check, atMost, result } from "../table.ts";
import { chatTarget, startParties } from "./parties.ts";

const rate = { ratePerSecond: 3000, seconds: 60 };

/** A minute at 3,000 requests a second on the embedded store: is anything lost, and how long does what waits take. */
export const sustainedCheck: Check = {
  name: "sustained",
  async run() {
    const { server, stop } = await startParties({ drain: true });
    try {
      const { failures, seconds } = await openLoad(chatTarget(server, "whole"), rate);
      const client = createClient(server);
      const from = performance.now();
      let evidence = await client.call("evidence.get", {});
      while (evidence.backlog > 0 && performance.now() - from < 120_000) {
        await new Promise((resolve) => setTimeout(resolve, 200));
        evidence = await client.call("evidence.get", {});
      }
      const waited = (performance.now() - from) / 1000;
      const n = rate.ratePerSecond * rate.seconds;
      return [
        result("3,000 requests/s for 60 s: answered per second", n / seconds, "1/s", { goal: null, n }),
        result("  failures", failures, "", { goal: atMost(0), n }),
        result("  accepted less stored less rejected", evidence.accepted - evidence.stored - evidence.rejected, "records", {
          goal: atMost(0),
          n: evidence.accepted,
        }),
        result("  backlog gone after", waited, "s", { goal: atMost(30), n: evidence.accepted }),
      ];
    } finally {
      await stop();
    }
  },
};
