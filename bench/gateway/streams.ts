import { request } from "undici";
import type { Target } from "../load.ts";
import { percentile } from "../load.ts";
import { type Check, atMost, result } from "../table.ts";
import { chatTarget, startParties } from "./parties.ts";

const count = 500;
const perSecond = 50;
const seconds = 8;
const events = perSecond * seconds;

/** 500 streams of 50 events a second at once: each event in its order, and how late it comes. */
export const streamsCheck: Check = {
  name: "streams",
  async run() {
    const { server, stop } = await startParties({ drain: true });
    try {
      const target = chatTarget(server, `paced:${events}:${1000 / perSecond}`);
      await Promise.all(Array.from({ length: 50 }, () => follow(target)));
      const heard = await Promise.all(
        Array.from({ length: count }, async (_, index) => {
          // Spread over a second: nobody's users all press the button in the same millisecond.
          await new Promise((resolve) => setTimeout(resolve, (index * 1000) / count));
          return follow(target);
        }),
      );
      const disordered = heard.filter(({ inOrder }) => !inOrder).length;
      const delays = Float64Array.from(heard.flatMap(({ delaysMs }) => delaysMs));
      return [
        result("500 streams of 50 events/s: streams with an event missing or out of order", disordered, "", { goal: atMost(0), n: count }),
        result("  an event's delay, p99", percentile(delays, 0.99), "ms", { goal: atMost(20), n: delays.length }),
        result("  an event's delay, p50", percentile(delays, 0.5), "ms", { goal: null, n: delays.length }),
      ];
    } finally {
      await stop();
    }
  },
};

/** How much later than planned each event came; the plan begins with whichever came earliest against it. */
async function follow(target: Target): Promise<{ delaysMs: number[]; inOrder: boolean }> {
  const { body, statusCode } = await request(`${target.url}${target.path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...target.headers },
    body: target.body(0),
  });
  if (statusCode !== 200) throw new Error(`status ${statusCode}: ${await body.text()}`);
  const times: number[] = [];
  let inOrder = true;
  let rest = "";
  for await (const part of body) {
    rest += String(part);
    const lines = rest.split("\n\n");
    rest = lines.pop()!;
    for (const line of lines) {
      const word = /"content":"(\d+) "/.exec(line)?.[1];
      if (word === undefined) continue;
      if (Number(word) !== times.length) inOrder = false;
      times.push(performance.now());
    }
  }
  const plan = times.map((time, index) => time - (index * 1000) / perSecond);
  const earliest = Math.min(...plan);
  return { delaysMs: plan.map((time) => time - earliest), inOrder: inOrder && times.length === events };
}
