import type { InferenceDetail } from "@millrace/contract";
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { alice, ask, type TestFunctions, useFunctions } from "../../../test/functions.ts";
import { type ScriptedUpstream, startScriptedUpstream } from "../../../test/scripted-upstream.ts";
import type { Gateway } from "../../gateway/index.ts";
import type { FunctionDefinition } from "../types.ts";
import { askingFunction, testGateway } from "./test-llm.ts";

const running = useFunctions();
let upstream: ScriptedUpstream;
beforeAll(async () => {
  upstream = await startScriptedUpstream();
});
afterEach(() => void upstream.requests.splice(0));
afterAll(() => upstream.close());

const good = '{"label":"spam","confidence":0.9}';
const rules = () => ({ label: "ham" as const, confidence: 0.5 });
const budget = { name: "all", per: "project", windowSeconds: 3600, limits: { costUsd: "1", tokens: 100_000 }, unknownPrice: "allow" };
const streamed = { clocks: { gapMs: 5000 } };

async function start(definition: FunctionDefinition, more: object = {}): Promise<{ open: TestFunctions; gateway: Gateway }> {
  const perMillion = { input: "1", output: "2" };
  const prices = ["one", "two", "hasty"].map((provider) => ({ provider, model: "*", from: "2020-01-01", perMillion }));
  const provider = { dialect: "openai", baseUrl: `${upstream.origin}/v1`, attempts: 1, clocks: { totalMs: 60_000 } };
  const gateway = testGateway(upstream, {
    providers: {
      one: provider,
      two: { ...provider, dialect: "anthropic" },
      hasty: { ...provider, clocks: { totalMs: 60_000, firstTokenMs: 60 } },
    },
    models: { filled: ["one/empty", "one/echo"], patient: ["hasty/slow-first:20000", "one/echo"], broken: ["two/empty", "one/status:500"] },
    prices,
    budgets: [budget],
    ...more,
  });
  onTestFinished(() => gateway.close());
  return { open: await running.start({ definitions: [definition], gateway }), gateway };
}

async function newest(open: TestFunctions): Promise<InferenceDetail> {
  await open.stored();
  const { items } = await open.functions.listInferences(alice, { limit: 1 });
  return open.functions.getInference(alice, items[0]!.id);
}

const ofKind = ({ steps }: InferenceDetail, wanted: string) => steps.filter(({ kind }) => kind === wanted);
const costOf = (record: { readonly [field: string]: unknown }) => record["cost"] as { amount: string; from: string };
const usageOf = (record: { readonly [field: string]: unknown }) => record["usage"] as { input: number; output: number; from: string };

/** Of all budgets' counts, as `used/reserved`. */
async function spent(gateway: Gateway): Promise<Record<string, string>> {
  const { items } = await gateway.budgets.list(alice.projectId, 10);
  return Object.fromEntries(items.map(({ kind, used, reserved }) => [kind, `${used}/${reserved}`]));
}

describe("an llm variant that is cut off", () => {
  test.each(["one", "two"])(
    "by its deadline (%s) has what it said and what that cost on the record, and the budgets count it",
    async (provider) => {
      const { open, gateway } = await start(askingFunction({ ...streamed, model: `${provider}/stall-after:5` }, { rules }));
      expect(await ask(open, { deadlineMs: 1500 })).toMatchObject({ variant: "rules", fallback: true });
      const found = await newest(open);
      const [step] = ofKind(found, "ask");
      expect(step).toMatchObject({
        status: "timeout",
        error: "deadline_exceeded",
        details: { output: "cut", target: `${provider}/stall-after:5` },
      });
      expect(step!.details!["text"]).toMatch(/^The quick/);
      const usage = usageOf(step!.details!);
      // Anthropic's tell what came in at the beginning; what went out nobody has told.
      if (provider === "two") expect(usage.input).toBe(2);
      expect(usage).toMatchObject({ from: "tokenizer" });
      expect(usage.output).toBeGreaterThan(0);
      expect(found.produced).toMatchObject({ usage, cost: step!.details!["cost"] });
      await expect
        .poll(() => spent(gateway))
        .toMatchObject({ tokens: expect.stringMatching(/^[1-9]\d*\/0$/), costUsd: expect.stringMatching(/^0\.0+\d+\/0$/) });
      await expect.poll(() => upstream.requests[0]!.aborted).toBe(true);
    },
  );

  test("by its caller, who went away, the same", async () => {
    const { open, gateway } = await start(askingFunction({ ...streamed, model: "one/stall-after:5" }, { rules }));
    const gone = new AbortController();
    const asked = ask(open, { signal: gone.signal, deadlineMs: 30_000 });
    await expect.poll(() => upstream.requests[0]?.sentBytes ?? 0).toBeGreaterThan(500);
    gone.abort();
    await expect(asked).rejects.toThrow();
    const found = await newest(open);
    expect(found.status).toBe("failed");
    expect(ofKind(found, "ask")).toMatchObject([
      { details: { output: "cut", text: expect.stringMatching(/^The/), usage: { from: "tokenizer" } } },
    ]);
    expect(Number(costOf(found.produced).amount)).toBeGreaterThan(0);
    await expect.poll(() => spent(gateway)).toMatchObject({ costUsd: expect.stringMatching(/^0\.0+\d+\/0$/) });
    await expect.poll(() => upstream.requests[0]!.aborted).toBe(true);
  });

  test("before a word of a whole answer came has what it asked on the record", async () => {
    const { open, gateway } = await start(askingFunction({ model: "one/slow-first:20000" }, { rules }));
    await ask(open, { deadlineMs: 300 });
    const found = await newest(open);
    expect(found.produced).toMatchObject({ usage: { output: 0, from: "tokenizer" }, cost: { from: "tokenizer" } });
    expect(ofKind(found, "ask")[0]!.details).not.toHaveProperty("text");
    const { input } = usageOf(found.produced);
    await expect.poll(() => spent(gateway)).toEqual({ tokens: `${input}/0`, costUsd: `${costOf(found.produced).amount}/0` });
  });
});

describe("an ask that tried more than once", () => {
  const total = (found: InferenceDetail) => Number(costOf(found.produced).amount);

  test.each([
    ["an answer without content", "filled", "provider"],
    ["an attempt that ran out of its provider's time", "patient", "tokenizer"],
  ])("pays %s, on its step and in the sum", async (_what, model, from) => {
    const { open, gateway } = await start(askingFunction({ ...streamed, model, prompt: good }, { rules }));
    expect(await ask(open, { deadlineMs: 30_000 })).toMatchObject({ variant: "asked" });
    const found = await newest(open);
    const [lost, answered] = ofKind(found, "llm");
    expect(answered).toMatchObject({ name: "one/echo", status: "ok" });
    expect(usageOf(lost!.details!)).toMatchObject({ output: 0, from });
    const paid = Number(costOf(lost!.details!).amount);
    expect(paid).toBeGreaterThan(0);
    const [asked] = ofKind(found, "ask");
    expect(asked!.details!["notes"]).toMatchObject({ lost: [{ target: lost!.name, cost: costOf(lost!.details!).amount }] });
    expect(total(found)).toBeGreaterThan(paid);
    expect((await spent(gateway))["costUsd"]).toBe(`${costOf(found.produced).amount}/0`);
  });

  test("and was answered by nobody pays what was lost", async () => {
    const { open, gateway } = await start(askingFunction({ model: "broken" }, { rules }));
    expect(await ask(open, { deadlineMs: 30_000 })).toMatchObject({ variant: "rules" });
    const found = await newest(open);
    const [lost, refused] = ofKind(found, "llm");
    expect(refused!.details).not.toHaveProperty("cost");
    expect(found.produced).toMatchObject({ asks: 1, cost: costOf(lost!.details!), usage: { from: "provider" } });
    expect(total(found)).toBeGreaterThan(0);
    expect((await spent(gateway))["costUsd"]).toBe(`${costOf(found.produced).amount}/0`);
  });
});

describe("a function's calls of models", () => {
  test("count for the address of its caller", async () => {
    const budgets = [{ name: "each", per: "address", windowSeconds: 3600, limits: { requests: 1 } }];
    const { open } = await start(askingFunction({ model: "one/say", parameters: { script: [good] } }, { rules }), { budgets });
    const from = async (address: string) => (await ask(open, { address })).variant;
    expect([await from("192.0.2.1"), await from("192.0.2.1"), await from("192.0.2.2")]).toEqual(["asked", "rules", "asked"]);
  });

  test("are neither told from a cache nor kept there in a drill", async () => {
    const cache = { exact: { functions: "all" } };
    const { open } = await start(askingFunction({ model: "one/say", temperature: 0, parameters: { script: [good] } }), { cache });
    await ask(open, { drill: [] });
    await ask(open);
    expect(upstream.requests).toHaveLength(2);
    await ask(open);
    expect(upstream.requests).toHaveLength(2);
    await ask(open, { drill: [] });
    expect(upstream.requests).toHaveLength(3);
  });

  test("are told again from an answer that names the inference it was given to, and not once that was erased", async () => {
    const cache = { exact: { functions: "all" } };
    const { open } = await start(askingFunction({ model: "one/say", temperature: 0, parameters: { script: [good] } }), { cache });
    const { inferenceId } = await ask(open);
    await ask(open);
    expect(upstream.requests).toHaveLength(1);
    const [told] = ofKind(await newest(open), "ask");
    expect(told!.details!["notes"]).toMatchObject({ cache: { kind: "exact", from: inferenceId } });
    await open.functions.eraseBody(alice, inferenceId);
    await ask(open);
    expect(upstream.requests).toHaveLength(2);
  });
});
