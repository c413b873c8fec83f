import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createClient } from "@millrace/sdk";
import { afterEach, expect, test } from "vitest";
import type { Mail } from "./mail.ts";
import { createReader } from "./reader.ts";
import { replay, type ReplayResult } from "./replay.ts";

const budgetMs = 50;
const closers: (() => void)[] = [];

afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** A server over real HTTP whose answers take as much longer as there are requests under way, as on a machine with one processor. */
async function startBusy(options: { perRequestMs: number; failAt?: number }): Promise<{ url: string; most(): number }> {
  let underWay = 0;
  let most = 0;
  let asked = 0;
  const server = createServer((request, response) => {
    most = Math.max(most, ++underWay);
    const latencyMs = underWay * options.perRequestMs;
    const failed = ++asked === options.failAt;
    request.resume().on("end", () =>
      setTimeout(
        () => {
          underWay--;
          const fallback = latencyMs > budgetMs;
          response.writeHead(failed ? 500 : 200, { "content-type": "application/json" });
          const problem = { type: "about:blank", title: "x", status: 500, detail: "It broke.", code: "internal", fix: "" };
          response.end(JSON.stringify(failed ? problem : { inferenceId: String(asked), output: { label: "ham" }, latencyMs, fallback }));
        },
        5 + latencyMs / 10,
      ),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, most: () => most };
}

function play(url: string, count: number): Promise<ReplayResult> {
  const caller = createClient({ url });
  const mails = Array.from({ length: count }, (_, index): Mail => ({
    key: `k${index}`,
    subject: "s",
    body: "b",
    label: "ham",
    receivedAt: new Date(Date.UTC(2002, 7, 1) + index * 1000).toISOString(),
  }));
  const reader = { ...createReader(caller, 1), sendUntil: async () => {} };
  return replay(mails, { caller, reader, functionName: "triage-mail", budgetMs, onDay: async () => {}, onProgress: () => {} });
}

test("on a machine that has enough to do, the replay asks for less at once, and every message is answered by the model", async () => {
  // Eight at once would take 120 ms each, over the budget; one takes 15.
  const server = await startBusy({ perRequestMs: 15 });
  const result = await play(server.url, 150);
  expect(result).toMatchObject({ requests: 150, fallbacks: 0 });
  expect(server.most()).toBeLessThanOrEqual(3);
});

test("on a machine that has time, it asks for as much as it may", async () => {
  const server = await startBusy({ perRequestMs: 1 });
  expect(await play(server.url, 150)).toMatchObject({ requests: 150, fallbacks: 0 });
  expect(server.most()).toBe(8);
});

test("a function that is slow all by itself stays slow: its fallbacks are counted, and what fails ends the replay", async () => {
  const slow = await startBusy({ perRequestMs: 60 });
  expect(await play(slow.url, 5)).toMatchObject({ requests: 5, fallbacks: 5 });
  const broken = await startBusy({ perRequestMs: 1, failAt: 20 });
  await expect(play(broken.url, 100)).rejects.toThrow("It broke.");
});
