import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type ScriptedUpstream, startScriptedUpstream } from "../../../test/scripted-upstream.ts";
import { type Step, createManualClock, defaultProjectId } from "../../core/index.ts";
import type { Gateway } from "../create.ts";
import { sumCosts } from "../money/sum.ts";
import { openTestGateway } from "./test-gateway.ts";
import { type TestCall, readReply, testCall } from "../test-call.ts";

let upstream: ScriptedUpstream;
beforeAll(async () => {
  upstream = await startScriptedUpstream();
});
afterEach(() => void upstream.requests.splice(0));
afterAll(() => upstream.close());

const team = {
  name: "team",
  per: "project",
  windowSeconds: 3600,
  defaultOutputTokens: 100,
  limits: { requests: 1000, tokens: 10_000, costUsd: "1" },
};

function open(...budgets: Record<string, unknown>[]): Gateway {
  return openTestGateway(upstream, { budgets });
}

async function ask(gateway: Gateway, call: TestCall) {
  return readReply(await gateway.call(testCall(gateway, call)));
}

/** Of each kind, as `used/reserved`. */
async function counts(gateway: Gateway): Promise<Record<string, string>> {
  const { items } = await gateway.budgets.list(defaultProjectId, 100);
  return Object.fromEntries(items.map(({ kind, used, reserved }) => [kind, `${used}/${reserved}`]));
}

async function refusalOf(asked: Promise<unknown>) {
  const error = await asked.then(
    () => undefined,
    (thrown: unknown) => thrown as { code: string; message: string; details: Record<string, unknown> },
  );
  if (error === undefined) throw new Error("It was answered.");
  return error;
}

describe("a call within its budgets", () => {
  test.each([false, true])("holds an estimate while it is answered, and counts what it was (streamed: %s)", async (stream) => {
    const gateway = open(team);
    const under = gateway.call(testCall(gateway, { model: "one/slow-first:100", maxTokens: 100, stream }));
    await expect.poll(() => upstream.requests.length).toBe(1);
    expect(await counts(gateway)).toMatchObject({ requests: "1/0", tokens: expect.stringMatching(/^0\/1[1-9]\d$/), costUsd: "0/0.1" });
    const outcome = await readReply(await under);
    const { input, output } = outcome.answer!.usage!;
    expect(outcome.cost!.amount).not.toBe("0");
    expect(await counts(gateway)).toEqual({ requests: "1/0", tokens: `${input! + output!}/0`, costUsd: `${outcome.cost!.amount}/0` });
    expect(outcome.notes).toEqual({ budgets: ["team"] });
  });

  test("costs nothing but the request when the provider fails or refuses", async () => {
    const gateway = open(team);
    for (const model of ["one/status:500", "one/status:400", "one/error-in-first-event", "one/reset"])
      for (const stream of [false, true]) await refusalOf(ask(gateway, { model, stream }));
    expect(await counts(gateway)).toEqual({ requests: "8/0" });
  });

  test("that breaks off counts what came", async () => {
    const gateway = open(team);
    const outcome = await ask(gateway, { model: "one/clean-cut-after:4", stream: true });
    expect(outcome.error).not.toBeNull();
    const { input, output } = outcome.answer!.usage!;
    expect(output).toBeGreaterThan(0);
    expect(await counts(gateway)).toEqual({ requests: "1/0", tokens: `${input! + output!}/0`, costUsd: `${outcome.cost!.amount}/0` });
  });

  test("whose caller goes away counts what came of a stream, and what was asked of a whole answer", async () => {
    const gateway = open(team);
    const reply = await gateway.call(testCall(gateway, { model: "one/endless", stream: true }));
    if (reply.kind !== "stream") throw new Error("It is no stream.");
    let pieces = 0;
    for await (const _ of reply.texts) if (++pieces === 3) break;
    await reply.leave();
    const { tokens, costUsd } = await counts(gateway);
    expect(Number(tokens!.split("/")[0])).toBeGreaterThan(4000);
    expect([tokens!.split("/")[1], costUsd!.split("/")[1]]).toEqual(["0", "0"]);
    const other = open(team);
    const gone = new AbortController();
    const left = refusalOf(ask(other, { model: "one/slow-first:5000", text: "word ".repeat(400), signal: gone.signal }));
    await expect.poll(() => upstream.requests.length).toBe(2);
    gone.abort();
    await left;
    expect((await counts(other))["tokens"]).toMatch(/^5\d\d\/0$/);
  });

  test("that nobody ever ends counts as reserved when it must be over", async () => {
    const clock = createManualClock(1_800_000_000_000);
    const gateway = openTestGateway(upstream, { budgets: [team], clock });
    const reply = await gateway.call(testCall(gateway, { model: "one/ok", maxTokens: 100, stream: true }));
    expect((await counts(gateway))["costUsd"]).toBe("0/0.1");
    clock.advance(65_001);
    expect((await counts(gateway))["costUsd"]).toBe("0.1/0");
    await readReply(reply);
    expect((await counts(gateway))["costUsd"]).toBe("0.1/0");
  });

  test("is held by the dearest model that may answer it, and by every choice it asks for", async () => {
    const gateway = open(team);
    const under = gateway.call(testCall(gateway, { model: "patient", maxTokens: 50, more: { n: 2 } })).catch(() => {});
    expect((await counts(gateway))["costUsd"]).toBe("0/0.2");
    await under;
  });

  test("of a cascade is held by all that may be asked", async () => {
    const gateway = open(team);
    const under = gateway.call(testCall(gateway, { model: "ladder", maxTokens: 50 }));
    expect((await counts(gateway))["costUsd"]).toBe("0/0.15");
    const outcome = await readReply(await under);
    expect((await counts(gateway))["costUsd"]).toBe(`${outcome.cost!.amount}/0`);
  });

  test("without a bound of its own holds what answers of its model were like", async () => {
    const gateway = open({ ...team, defaultOutputTokens: 1 });
    await ask(gateway, { model: "one/ok" });
    const before = Number((await counts(gateway))["costUsd"]!.split("/")[0]);
    const under = gateway.call(testCall(gateway, { model: "one/ok" }));
    expect((await counts(gateway))["costUsd"]).toBe(`${before}/${before}`);
    await under;
  });

  test("in nobody's budget is nobody's business", async () => {
    const gateway = open({ ...team, match: { function: "model:two/*" } }, { ...team, name: "other", match: { model: "two/*" } });
    expect((await ask(gateway, { model: "one/ok" })).notes).toBeUndefined();
    expect((await ask(gateway, { model: "two/ok" })).notes).toEqual({ budgets: ["team", "other"] });
  });
});

describe("a call that does not fit", () => {
  test("is refused before anything is sent: which budget, what is left, when there is room, and it is in the evidence", async () => {
    const clock = createManualClock(1_800_000_000_000);
    const gateway = openTestGateway(upstream, { budgets: [{ ...team, per: ["principal", "tag:team"], limits: { requests: 2 } }], clock });
    const steps: Step[] = [];
    const call = { model: "one/ok", steps, more: { metadata: { team: "blue" } } };
    for (let index = 0; index < 2; index++) await ask(gateway, call);
    const refused = await refusalOf(ask(gateway, call));
    expect(refused).toMatchObject({
      code: "budget_exceeded",
      details: {
        budget: "team",
        bucket: { principal: "key:ada", "tag:team": "blue" },
        kind: "requests",
        limit: "2",
        left: "0",
        needed: "1",
        retryAfterSeconds: 3825,
        resetsAt: new Date(clock.now() + 3_825_000).toISOString(),
      },
    });
    expect(refused.message).toContain('"team" (principal key:ada, tag:team blue) has 0 of 2 requests left');
    expect(upstream.requests).toHaveLength(2);
    expect(steps.filter(({ kind }) => kind === "admission")).toMatchObject([
      { name: "budget:team", status: "failed", error: "budget_exceeded" },
    ]);
    clock.advance(3_825_000);
    await ask(gateway, call);
  });

  test("and never will is told to ask for less", async () => {
    const refused = await refusalOf(ask(open(team), { model: "one/ok", maxTokens: 1001 }));
    expect(refused).toMatchObject({ code: "budget_exceeded", details: { kind: "costUsd", left: "1", needed: "1.001", retryable: false } });
    expect(refused.details).not.toHaveProperty("retryAfterSeconds");
    expect(refused.message).toContain("ask for less");
  });

  test("one of its budgets takes nothing from the others", async () => {
    const gateway = open(team, { ...team, name: "small", per: "user", limits: { tokens: 50 } });
    expect(await refusalOf(ask(gateway, { model: "one/ok", maxTokens: 100, more: { user: "bob" } }))).toMatchObject({
      details: { budget: "small", bucket: { user: "bob" } },
    });
    expect(await counts(gateway)).toEqual({});
  });

  test("because its price is not known is told so, unless the budget lets it through", async () => {
    const refused = await refusalOf(ask(open(team), { model: "free/ok" }));
    expect(refused).toMatchObject({ code: "unknown_price", details: { budget: "team", model: "free/ok" } });
    expect(upstream.requests).toEqual([]);
    const gateway = open({ ...team, unknownPrice: "allow" });
    await ask(gateway, { model: "free/ok" });
    expect(await counts(gateway)).toEqual({ requests: "1/0", tokens: expect.stringMatching(/^\d+\/0$/) });
  });
});

test("200 callers at once do not spend more than a dollar, and waves of them spend all of it but one reservation", async () => {
  const gateway = open({ ...team, limits: { costUsd: "1" } });
  const paid: ReturnType<typeof sumCosts>[] = [];
  for (let wave = 0; wave < 60; wave++) {
    const answers = Array.from({ length: 200 }, (_, index) =>
      ask(gateway, { model: "one/slow-first:5", maxTokens: 12, stream: index % 2 === 0 }),
    );
    const settled = await Promise.allSettled(answers);
    for (const each of settled) {
      if (each.status === "fulfilled") paid.push(each.value.cost!);
      else expect(each.reason).toMatchObject({ code: "budget_exceeded" });
    }
    if (settled.every(({ status }) => status === "rejected")) break;
    upstream.requests.splice(0);
  }
  const { amount } = sumCosts(paid);
  expect(Number(amount)).toBeLessThanOrEqual(1);
  expect(Number(amount)).toBeGreaterThan(0.98);
  expect(await counts(gateway)).toEqual({ costUsd: `${amount}/0` });
});
