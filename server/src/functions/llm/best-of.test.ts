import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { alice, ask, type TestFunctions, useFunctions } from "../../../test/functions.ts";
import { type ScriptedUpstream, startScriptedUpstream } from "../../../test/scripted-upstream.ts";
import type { Gateway } from "../../gateway/index.ts";
import { bestOf, llm } from "../declare-llm.ts";
import { defineFunction } from "../define-function.ts";
import { type Mail, mailSheet, testGateway } from "./test-llm.ts";

type Output = { label: "ham" | "spam"; confidence: number };

const running = useFunctions();
let upstream: ScriptedUpstream;
let gateway: Gateway;
beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = testGateway(upstream);
});
afterEach(() => void upstream.requests.splice(0));
afterAll(async () => {
  gateway.close();
  await upstream.close();
});

/** The prompt is written anew for each ask, so that the model, which repeats it, says something else each time. */
function start(
  texts: readonly string[],
  options: { model?: string; score?: (output: Output, input: Mail) => number; gateway?: Gateway } = {},
): Promise<TestFunctions> {
  let turn = 0;
  const definition = defineFunction({
    ...mailSheet,
    name: "triage-mail",
    variants: {
      one: llm({ model: options.model ?? "one/echo", prompt: () => texts[turn++ % texts.length]!, repair: false }),
      best: bestOf({ of: "one", count: texts.length, score: options.score ?? ((output: Output) => output.confidence) }),
      rules: () => ({ label: "ham" as const, confidence: 0 }),
    },
    fallback: ["best", "rules"],
  });
  return running.start({ definitions: [definition], gateway: options.gateway ?? gateway });
}

async function only(open: TestFunctions) {
  await open.stored();
  const { items } = await open.functions.listInferences(alice, { limit: 10 });
  return open.functions.getInference(alice, items[0]!.id);
}

const saying = (confidence: number) => JSON.stringify({ label: "spam", confidence });

describe("the best of several answers", () => {
  test("is the one that scores highest; each was asked with a seed of its own, and all are paid", async () => {
    const open = await start([saying(0.4), saying(0.9), saying(0.2)]);
    expect(await ask(open)).toMatchObject({ variant: "best", output: { confidence: 0.9 } });
    expect(upstream.requests.map(({ body }) => body["seed"]).toSorted()).toEqual([1, 2, 3]);
    const found = await only(open);
    const scored = found.steps.filter(({ name, kind }) => kind === "variant" && name.startsWith("one, seed"));
    expect(scored.map(({ details }) => details!["score"]).toSorted()).toEqual([0.2, 0.4, 0.9]);
    const costs = found.steps
      .filter(({ kind }) => kind === "ask")
      .map(({ details }) => Number((details!["cost"] as { amount: string }).amount));
    expect(costs).toHaveLength(3);
    expect(Number((found.produced["cost"] as { amount: string }).amount)).toBeCloseTo(
      costs.reduce((sum, cost) => sum + cost, 0),
      12,
    );
    expect(found.produced["binding"]).toMatchObject({
      count: 3,
      source: "source",
      parts: [{ variant: "one", resolved: { model: "one/echo" } }],
    });
  });

  test("is chosen among those that are good, and fails only with all of them", async () => {
    const open = await start(["not JSON", saying(0.1), saying(7)]);
    expect(await ask(open)).toMatchObject({ variant: "best", output: { confidence: 0.1 } });
    const none = await start(["not JSON", "nor this"]);
    expect(await ask(none)).toMatchObject({ variant: "rules", fallback: true });
  });

  test("does not come from a score that is no number or throws", async () => {
    const open = await start([saying(0.1), saying(0.2)], { score: ({ confidence }) => (confidence > 0.1 ? Number.NaN : 1) });
    expect(await ask(open)).toMatchObject({ variant: "best", output: { confidence: 0.1 } });
    const broken = await start([saying(0.1), saying(0.2)], {
      score() {
        throw new Error("no score today");
      },
    });
    expect(await ask(broken)).toMatchObject({ variant: "rules" });
  });

  test("is drawn without seeds where a target knows none", async () => {
    const open = await start([saying(0.1), saying(0.6)], { model: "two/echo" });
    expect(await ask(open)).toMatchObject({ variant: "best", output: { confidence: 0.6 } });
    expect(upstream.requests.map(({ body }) => body["seed"])).toEqual([undefined, undefined]);
  });

  test.each([
    ["are each asked, where no seed tells them apart", "two/echo", [2, 4]],
    ["are told from the cache, each its own, where a seed does", "one/echo", [2, 2]],
  ])("of equal questions %s", async (_what, model, asked) => {
    const keeping = testGateway(upstream, { cache: { exact: { functions: ["triage-mail"], anyTemperature: true } } });
    const open = await start([saying(0.5), saying(0.5)], { model, gateway: keeping });
    for (const count of asked) {
      expect(await ask(open)).toMatchObject({ variant: "best", output: { confidence: 0.5 } });
      expect(upstream.requests).toHaveLength(count);
    }
    keeping.close();
  });
});

describe("an llm variant in the shadow", () => {
  test("that stalls delays no caller, and is recorded once its provider is gone", async () => {
    const stalled = await startScriptedUpstream();
    const definition = defineFunction({
      ...mailSheet,
      name: "triage-mail",
      variants: {
        asked: llm({ model: "one/stall-after:1", prompt: "{{subject}}" }),
        rules: () => ({ label: "ham" as const, confidence: 1 }),
      },
      fallback: ["rules"],
    });
    const ofStalled = testGateway(stalled);
    const open = await running.start({ definitions: [definition], gateway: ofStalled });
    const { functions } = open;
    const [stable, shadow] = [
      await functions.bind(alice, { function: "triage-mail", variant: "rules" }),
      await functions.bind(alice, { function: "triage-mail", variant: "asked" }),
    ];
    const arms = [
      { binding: stable.hash, variant: "rules", role: "stable" as const, share: 1 },
      { binding: shadow.hash, variant: "asked", role: "shadow" as const, share: 0 },
    ];
    await running.store.sql.as(alice, (tx) => functions.setArms(tx, { function: "triage-mail", release: null, arms }));
    await open.hotState.refresh();
    await expect.poll(() => functions.readyBindings()).toContain(shadow.hash);
    // More than are at work at once: those that wait behind stalled ones hold up nobody either.
    for (let asked = 0; asked < 6; asked++) expect(await ask(open)).toMatchObject({ variant: "rules", fallback: false });
    await expect.poll(() => stalled.requests.length).toBe(4);
    expect(await ask(open)).toMatchObject({ variant: "rules" });
    expect(stalled.requests.map(({ aborted }) => aborted)).toEqual([false, false, false, false]);
    await stalled.close();
    const shadowOf = async () => {
      await open.stored();
      const { items } = await functions.listInferences(alice, { limit: 10 });
      return Promise.all(items.map(async ({ id }) => (await functions.getInference(alice, id)).shadows));
    };
    await expect.poll(async () => (await shadowOf()).flat().length).toBe(7);
    expect((await shadowOf()).flat()).toEqual(
      Array.from({ length: 7 }, () => expect.objectContaining({ variant: "asked", error: expect.stringMatching(/^provider_/) })),
    );
    ofStalled.close();
  });
});
