import { afterEach, beforeAll, afterAll, beforeEach, expect, test, vi } from "vitest";
import { type TestRedis, redisProgram, startTestRedis } from "../../../test/redis.ts";
import { type ScriptedUpstream, startScriptedUpstream } from "../../../test/scripted-upstream.ts";
import { type Step, createManualClock, defaultProjectId, secret } from "../../core/index.ts";
import { openTestGateway } from "../budgets/test-gateway.ts";
import { readReply, testCall } from "../test-call.ts";
import type { Gateway } from "../create.ts";

const start = 1_800_000_000_000;
let upstream: ScriptedUpstream;
let redis: TestRedis;
const open: Gateway[] = [];

beforeAll(async () => {
  upstream = await startScriptedUpstream();
});
beforeEach(async (context) => {
  if (redisProgram === undefined) context.skip("redis-server is not installed here");
  redis = await startTestRedis();
  vi.stubEnv("MILLRACE_TEST_REDIS_URL", redis.url);
});
afterEach(async () => {
  for (const node of open.splice(0)) node.close();
  await redis?.stop();
  vi.unstubAllEnvs();
});
afterAll(() => upstream.close());

const ada = { projectId: defaultProjectId, principalId: "key:ada" };

function openNode(whenStoreIsAway: "refuse" | "local" = "local") {
  const clock = createManualClock(start);
  const abuse = {
    slowAt: 3,
    blockAt: 5.5,
    halfLifeSeconds: 3600,
    maxDelayMs: 6,
    weights: { refusal: 1, providerError: 2 },
    whenStoreIsAway,
  };
  const shared = { url: secret("MILLRACE_TEST_REDIS_URL"), timeoutMs: 500 };
  const gateway = openTestGateway(upstream, { abuse, clock, redis: shared });
  open.push(gateway);
  return {
    clock,
    gateway,
    /** The code of what refused it, or `ok`; and the score that stands in its evidence. */
    async ask(model: string, principalId = "key:ada") {
      const steps: Step[] = [];
      const asked = gateway.call(testCall(gateway, { model, steps, origin: { principalId } })).then(readReply);
      const code = await asked.then(
        () => "ok",
        (error: { code: string }) => error.code,
      );
      return { code, score: steps.find(({ name }) => name === "abuse")?.details?.["score"] };
    },
  };
}

test("two nodes slow, then block, one principal together, and nobody else", async () => {
  const [first, second] = [openNode(), openNode()];
  expect(await second.ask("one/ok")).toEqual({ code: "ok", score: undefined });
  await first.ask("one/status:400");
  await second.ask("one/status:400");
  // A node looks at most once a second, by its own clock.
  const seen = async (node: typeof first) => {
    node.clock.advance(1001);
    return node.ask("one/ok");
  };
  await expect.poll(() => seen(first)).toEqual({ code: "ok", score: 4 });
  await expect.poll(() => seen(second)).toEqual({ code: "ok", score: 4 });
  first.gateway.refused(ada, "rate_limited");
  second.gateway.refused(ada, "rate_limited");
  for (const node of [first, second]) {
    await expect.poll(async () => (await seen(node)).code).toBe("abuse_blocked");
    expect(await node.ask("one/ok", "key:bob")).toEqual({ code: "ok", score: undefined });
  }
  const third = openNode();
  expect(await third.ask("one/ok")).toMatchObject({ code: "abuse_blocked" });
});

test("a node that has looked just now does not ask again", async () => {
  const [first, second] = [openNode(), openNode()];
  await second.ask("one/ok");
  for (let index = 0; index < 10; index++) first.gateway.refused(ada, "rate_limited");
  await expect.poll(async () => (await openNode().ask("one/ok")).code).toBe("abuse_blocked");
  expect((await second.ask("one/ok")).code).toBe("ok");
  second.clock.advance(1000);
  expect((await second.ask("one/ok")).code).toBe("abuse_blocked");
});

test.each(["gone", "mute"] as const)(
  "with a store that is %s a node goes on with its own scores, or refuses, as it is told",
  async (how) => {
    const [local, strict] = [openNode("local"), openNode("refuse")];
    expect([(await local.ask("one/ok")).code, (await strict.ask("one/ok")).code]).toEqual(["ok", "ok"]);
    if (how === "gone") await redis.stop();
    else redis.freeze();
    for (const { clock } of [local, strict]) clock.advance(1000);
    await expect(strict.gateway.call(testCall(strict.gateway, { model: "one/ok" }))).rejects.toMatchObject({
      code: "abuse_unavailable",
      status: 503,
      details: { retryAfterSeconds: 1 },
    });
    const codes: string[] = [];
    for (let index = 0; index < 4; index++) codes.push((await local.ask("one/status:400")).code);
    expect(codes).toEqual(["provider_refused", "provider_refused", "provider_refused", "abuse_blocked"]);
    if (how === "mute") redis.thaw();
    else await redis.start();
    await expect
      .poll(async () => {
        strict.clock.advance(1000);
        return (await strict.ask("one/ok")).code;
      })
      .toBe("ok");
    // What it knows by itself still holds.
    expect((await local.ask("one/ok")).code).toBe("abuse_blocked");
  },
);
