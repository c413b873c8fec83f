import { createClient } from "../../sdk/src/index.ts";
import { openLoad } from "../load.ts";
import { startMillrace } from "../processes.ts";
import { type Check, atMost, result } from "../table.ts";

const rate = { ratePerSecond: 2000, seconds: 60 };

/** A minute at 2,000 requests a second with the drain on: what waits 10 s later, and whether the books balance. */
export const sustainedCheck: Check = {
  name: "sustained",
  async run() {
    const server = await startMillrace({ config: "millrace.config.ts" });
    try {
      const body = (index: number) => JSON.stringify({ input: { text: `where is my card number ${index}` } });
      const { failures } = await openLoad(
        { url: server.url, path: "/api/functions/echo-rules/infer", headers: { authorization: `Bearer ${server.key}` }, body },
        rate,
      );
      await new Promise((resolve) => setTimeout(resolve, 10_000));
      const evidence = await createClient(server).call("evidence.get", {});
      const n = rate.ratePerSecond * rate.seconds;
      return [
        result("2,000 requests/s for 60 s: failures", failures, "", { goal: atMost(0), n }),
        result("backlog 10 s after", evidence.backlog, "records", { goal: atMost(0), n }),
        result("accepted less stored less rejected", evidence.accepted - evidence.stored - evidence.rejected, "records", {
          goal: atMost(0),
          n: evidence.accepted,
        }),
      ];
    } finally {
      await server.stop();
    }
  },
};
