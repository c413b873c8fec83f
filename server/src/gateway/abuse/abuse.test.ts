import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ScriptedUpstream, startScriptedUpstream } from "../../../test/scripted-upstream.ts";
import { type Step, createManualClock, defaultProjectId } from "../../core/index.ts";
import { openTestGateway } from "../budgets/test-gateway.ts";
import { type TestCall, readReply, testCall } from "../test-call.ts";
import type { Gateway } from "../create.ts";
import { abuseSchema } from "./config.ts";
import { createScores } from "./scores.ts";

let upstream: ScriptedUpstream;
beforeAll(async () => {
  upstream = await startScriptedUpstream();
});
afterAll(() => upstream.close());

const start = 1_800_000_000_000;
const abuse = { slowAt: 3, blockAt: 6, halfLifeSeconds: 60, maxDelayMs: 20, weights: { refusal: 1, providerError: 2, filtered: 3 } };

async function ask(gateway: Gateway, call: TestCall) {
  return readReply(await gateway.call(testCall(gateway, call)));
}

async function codeOf(asked: Promise<unknown>): Promise<string> {
  return asked.then(
    () => "ok",
    (error: { code: string }) => error.code,
  );
}

describe("a score", () => {
  test("never grows by itself, halves in a half-life, and says how long it takes to fall", () => {
    const amounts = fc.array(fc.record({ amount: fc.double({ min: 0, max: 50, noNaN: true }), waitMs: fc.nat(120_000) }), {
      maxLength: 20,
    });
    fc.assert(
      fc.property(amounts, fc.integer({ min: 1, max: 40 }), (steps, level) => {
        const clock = createManualClock(start);
        const scores = createScores({ clock, halfLifeMs: 60_000, most: 100 });
        for (const { amount, waitMs } of steps) {
          scores.add("ada", amount);
          const before = scores.of("ada");
          expect(before).toBeLessThanOrEqual(100);
          clock.advance(waitMs);
          expect(scores.of("ada")).toBeLessThanOrEqual(before);
        }
        clock.advance(scores.msUntilBelow("ada", level));
        expect(scores.of("ada")).toBeLessThan(level);
        const now = scores.of("ada");
        clock.advance(60_000);
        expect(scores.of("ada")).toBeCloseTo(now / 2 < 0.01 ? 0 : now / 2, 6);
      }),
    );
  });

  test("does not grow with a clock that steps back", () => {
    const clock = createManualClock(start);
    const scores = createScores({ clock, halfLifeMs: 1000, most: 100 });
    scores.add("ada", 8);
    clock.advance(-60_000);
    expect(scores.of("ada")).toBe(8);
  });

  test("is kept for a bounded number of names: those that grew last stay", () => {
    const scores = createScores({ clock: createManualClock(start), halfLifeMs: 1000, most: 100 });
    for (let index = 0; index < 50_001; index++) scores.add(`name-${index}`, 1);
    expect([scores.of("name-0"), scores.of("name-1"), scores.of("name-50000")]).toEqual([0, 1, 1]);
  });
});

describe("a principal whose calls are refused", () => {
  test("by providers is slowed, then blocked with the time it ends, and nobody else is", async () => {
    const clock = createManualClock(start);
    const gateway = openTestGateway(upstream, { abuse, clock });
    const steps: Step[] = [];
    for (let index = 0; index < 2; index++) await codeOf(ask(gateway, { model: "one/status:400" }));
    expect(await codeOf(ask(gateway, { model: "one/ok", steps }))).toBe("ok");
    expect(steps.find(({ name }) => name === "abuse")).toMatchObject({ kind: "admission", status: "ok", details: { score: 4 } });
    await codeOf(ask(gateway, { model: "one/status:422" }));
    const sent = upstream.requests.length;
    await expect(ask(gateway, { model: "one/ok", steps })).rejects.toMatchObject({
      code: "abuse_blocked",
      status: 429,
      message: expect.stringContaining("key:ada"),
      details: { principal: "key:ada", retryAfterSeconds: 1, endsAt: new Date(start + 1000).toISOString() },
    });
    expect(upstream.requests).toHaveLength(sent);
    expect(steps.at(-1)).toMatchObject({ name: "abuse", status: "failed", error: "abuse_blocked" });
    expect(await codeOf(ask(gateway, { model: "one/ok", origin: { principalId: "key:bob" } }))).toBe("ok");
    expect(await codeOf(ask(gateway, { model: "one/ok", origin: { projectId: "another" } }))).toBe("ok");
    clock.advance(1000);
    expect(await codeOf(ask(gateway, { model: "one/ok" }))).toBe("ok");
  });

  test("by budgets and by the limit of its key is blocked too; being blocked adds nothing, and it ends", async () => {
    const clock = createManualClock(start);
    const budgets = [{ name: "few", per: "principal", windowSeconds: 3600, limits: { requests: 1 } }];
    const gateway = openTestGateway(upstream, { abuse, budgets, clock });
    const codes: string[] = [];
    for (let index = 0; index < 4; index++) codes.push(await codeOf(ask(gateway, { model: "one/ok" })));
    for (let index = 0; index < 3; index++) gateway.refused({ projectId: defaultProjectId, principalId: "key:ada" }, "rate_limited");
    gateway.refused({ projectId: defaultProjectId, principalId: "key:ada" }, "forbidden");
    for (let index = 0; index < 50; index++) codes.push(await codeOf(ask(gateway, { model: "one/ok" })));
    expect(codes.join(" ")).toBe(`ok${" budget_exceeded".repeat(3)}${" abuse_blocked".repeat(50)}`);
    clock.advance(1000);
    expect(await codeOf(ask(gateway, { model: "one/ok" }))).toBe("budget_exceeded");
  });

  test("however often, is not blocked for longer than a half-life after the last", async () => {
    const clock = createManualClock(start);
    const gateway = openTestGateway(upstream, { abuse, clock });
    for (let index = 0; index < 1000; index++) gateway.refused({ projectId: defaultProjectId, principalId: "key:ada" }, "rate_limited");
    expect(await codeOf(ask(gateway, { model: "one/ok" }))).toBe("abuse_blocked");
    clock.advance(60_001);
    expect(await codeOf(ask(gateway, { model: "one/ok" }))).toBe("ok");
  });

  test("is blocked whatever it asks for, and what is refused there counts too", async () => {
    const gateway = openTestGateway(upstream, { abuse, clock: createManualClock(start) });
    const { signal, evidence, origin, startedAt } = testCall(gateway, { model: "one/ok" });
    const embed = () =>
      gateway.embeddings.call({
        signal,
        evidence,
        origin,
        startedAt,
        request: gateway.embeddings.parse({ model: "one/status:400", input: "Hello" }),
        resolved: gateway.embeddings.resolve("one/status:400"),
      });
    const codes: string[] = [];
    for (let index = 0; index < 4; index++) codes.push(await codeOf(embed()));
    expect(codes).toEqual([...Array.from({ length: 3 }, () => "provider_refused"), "abuse_blocked"]);
    expect(await codeOf(ask(gateway, { model: "one/ok" }))).toBe("abuse_blocked");
  });

  test("waits no longer when its client goes away", async () => {
    const gateway = openTestGateway(upstream, { abuse: { ...abuse, maxDelayMs: 30_000 } });
    for (let index = 0; index < 5; index++) gateway.refused({ projectId: defaultProjectId, principalId: "key:ada" }, "rate_limited");
    const sent = upstream.requests.length;
    await expect(ask(gateway, { model: "one/ok", signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "client_gone" });
    expect(upstream.requests).toHaveLength(sent);
  });
});

test("failures that are no fault of the caller add nothing, and without a configuration nothing does", async () => {
  const gateway = openTestGateway(upstream, { abuse: { ...abuse, slowAt: 0.5, blockAt: 1 } });
  for (const model of ["one/status:500", "one/status:401", "one/status:429", "one/reset", "one/ok"]) await codeOf(ask(gateway, { model }));
  expect(await codeOf(ask(gateway, { model: "one/ok" }))).toBe("ok");
  const off = openTestGateway(upstream, {});
  for (let index = 0; index < 5; index++) await codeOf(ask(off, { model: "one/status:400" }));
  expect(await codeOf(ask(off, { model: "one/ok" }))).toBe("ok");
});

test("a threshold that blocks before it slows is refused at the start", () => {
  expect(abuseSchema.safeParse({ slowAt: 10, blockAt: 5 }).error?.issues).toMatchObject([{ path: ["blockAt"] }]);
});
