import { describe, expect, onTestFinished, test } from "vitest";
import { alice, ask, fakeModels, mailSheet, type TestFunctions, useFunctions } from "../../test/functions.ts";
import { startScriptedUpstream } from "../../test/scripted-upstream.ts";
import { createManualClock } from "../core/index.ts";
import { defineFunction, lastGood, llm, message, model } from "./index.ts";
import { testGateway } from "./llm/test-llm.ts";

const running = useFunctions();

const triage = defineFunction({
  ...mailSheet,
  name: "triage-mail",
  variants: {
    learned: model({ model: "triage-mail" }),
    careful: (input) => ({ label: input.subject.includes("$") ? "spam" : "ham", confidence: 0.6 }),
  },
  fallback: ["learned", { variant: "careful", when: "metadata.tier != 'free'" }],
});

/** What a call that nobody answered left behind. */
async function failedInference(open: TestFunctions, more: Parameters<typeof ask>[1]): Promise<{ code: string; inferenceId: string }> {
  try {
    await ask(open, more);
  } catch (error) {
    const { code, details } = error as { code: string; details: { inferenceId: string } };
    return { code, inferenceId: details.inferenceId };
  }
  throw new Error("it was answered");
}

/** As modules above see it. */
async function seenAbove(open: TestFunctions): Promise<string[]> {
  const { rows } = await open.store.sql.as(alice, (tx) =>
    tx.client.query<{ id: string }>("select id from functions_v_inferences order by id"),
  );
  return rows.map((row) => row.id);
}

describe("a drill", () => {
  test("is evidence that says so, on no arm, without shadows, and nothing that measures or learns sees it", async () => {
    const models = fakeModels();
    models.versions.set("triage-mail", [1]);
    const first = await running.start({ models, definitions: [triage] });
    const shadow = await first.functions.bind(alice, { function: "triage-mail", variant: "careful" });
    const { arms } = await first.functions.arms(alice, "triage-mail");
    await running.store.sql.as(alice, (tx) =>
      first.functions.setArms(tx, {
        function: "triage-mail",
        release: null,
        arms: [...arms, { binding: shadow.hash, variant: "careful", role: "shadow", share: 0 }],
      }),
    );
    await first.close();
    const open = await running.start({ models, definitions: [triage] });
    const own = { metadata: { tier: "paid" } };
    const real = await ask(open, own);
    await open.stored();
    const before = await seenAbove(open);
    const drilled = await ask(open, { ...own, drill: ["learned"] });
    const failed = await failedInference(open, { ...own, drill: ["learned", "careful"] });
    await open.functions.close();
    await open.stored();

    expect(drilled).toMatchObject({ variant: "careful", fallback: true });
    expect(await open.functions.getInference(alice, drilled.inferenceId)).toMatchObject({
      status: "ok",
      arm: "drill",
      variant: "careful",
      produced: { drill: ["learned"] },
      steps: [
        { name: "learned", status: "skipped", error: "variant_failed" },
        { name: "careful", status: "ok" },
      ],
      shadows: [],
    });
    expect(await open.functions.getInference(alice, failed.inferenceId)).toMatchObject({
      status: "failed",
      arm: "drill",
      produced: { drill: ["learned", "careful"] },
    });
    expect(await open.functions.getInference(alice, real.inferenceId)).toMatchObject({ arm: "stable", shadows: [{ variant: "careful" }] });
    expect((await open.functions.getInference(alice, real.inferenceId)).produced).not.toHaveProperty("drill");

    expect(before).toEqual([real.inferenceId]);
    expect(await seenAbove(open)).toEqual(before);
    const listed = (await open.functions.listInferences(alice, { limit: 2 })).items.map((item) => item.id);
    expect(listed).toEqual([failed.inferenceId, drilled.inferenceId]);
    const requests = (points: readonly { requests: number }[]) => points.reduce((sum, point) => sum + point.requests, 0);
    expect(requests(await open.functions.series(alice, "triage-mail", { buckets: 4 }))).toBe(1);
    expect(requests((await open.functions.get(alice, "triage-mail")).traffic)).toBe(1);
  });
});

describe("a step whose condition does not hold", () => {
  test("stands in the evidence with its condition; where nobody is left to ask, the error names it", async () => {
    const models = fakeModels();
    models.versions.set("triage-mail", [1]);
    models.predict = () => Promise.reject(new Error("no memory"));
    const open = await running.start({ models, definitions: [triage] });
    expect(await ask(open, { metadata: { tier: "paid" } })).toMatchObject({ variant: "careful", fallback: true });
    await expect(ask(open, { metadata: { tier: "free" } })).rejects.toThrow(/careful: not asked, it is only when metadata\.tier != 'free'/);
    const { code, inferenceId } = await failedInference(open, {});
    expect(code).toBe("all_variants_failed");
    await open.stored();
    expect((await open.functions.getInference(alice, inferenceId)).steps).toMatchObject([
      { name: "learned", status: "failed", error: "variant_failed" },
      { name: "careful", status: "skipped", details: { when: "metadata.tier != 'free'" } },
    ]);
    expect(await open.functions.get(alice, "triage-mail")).toMatchObject({
      fallback: ["learned", "careful"],
      conditions: { careful: "metadata.tier != 'free'" },
    });
  });
});

describe("the end of a chain", () => {
  const ending = defineFunction({
    ...mailSheet,
    name: "triage-mail",
    variants: {
      learned: model({ model: "triage-mail" }),
      before: lastGood({ of: "learned", maxAgeSeconds: 60 }),
      sorry: message({ output: { label: "ham", confidence: 0 } }),
    },
    fallback: ["learned", "before", "sorry"],
  });
  const bob = { ...alice, principalId: "key:bob:000000000002" };
  const elsewhere = { subject: "another", body: "mail" };

  /** A model that answers until it is told to fail. */
  function brittleModel() {
    const models = fakeModels();
    models.versions.set("triage-mail", [1]);
    const works = models.predict;
    const state = { fails: false };
    models.predict = (...call) => (state.fails ? Promise.reject(new Error("no memory")) : works(...call));
    return { models, state };
  }

  test("repeats the last good answer to the same caller and input, and the evidence names its inference", async () => {
    const { models, state } = brittleModel();
    const clock = createManualClock(Date.now());
    const open = await running.start({ models, clock, definitions: [ending] });
    const older = await ask(open);
    const good = await ask(open);
    state.fails = true;
    clock.advance(12_000);
    const again = await ask(open);
    expect(again).toMatchObject({ variant: "before", fallback: true, output: good.output });
    expect(await ask(open, { input: elsewhere })).toMatchObject({ variant: "sorry" });
    expect(await ask(open, { caller: bob })).toMatchObject({ variant: "sorry" });
    clock.advance(48_001);
    expect(await ask(open)).toMatchObject({ variant: "sorry", output: { label: "ham", confidence: 0 } });
    await open.stored();
    const degraded = {
      kind: "last-good",
      inference: good.inferenceId,
      variant: "learned",
      binding: good.binding,
      ageSeconds: 12,
    };
    expect(good.inferenceId).not.toBe(older.inferenceId);
    expect(await open.functions.getInference(alice, again.inferenceId)).toMatchObject({
      fallback: true,
      produced: { degraded },
      steps: [
        { name: "learned", status: "failed" },
        { name: "before", status: "ok", details: { degraded } },
      ],
    });
  });

  test("is a plain message, marked in the evidence, and never an answer that was asked for", async () => {
    const { models, state } = brittleModel();
    state.fails = true;
    const open = await running.start({ models, definitions: [ending] });
    const answer = await ask(open);
    expect(answer).toMatchObject({ variant: "sorry", fallback: true, output: { label: "ham", confidence: 0 } });
    await open.stored();
    expect(await open.functions.getInference(alice, answer.inferenceId)).toMatchObject({
      produced: { degraded: { kind: "message" }, binding: { label: "sorry", output: { label: "ham", confidence: 0 } } },
      steps: [
        { name: "learned", status: "failed" },
        { name: "before", status: "failed", error: "variant_failed" },
        { name: "sorry", status: "ok", details: { degraded: { kind: "message" } } },
      ],
    });
    expect((await open.functions.binding(alice, answer.binding))?.resolved).toEqual({ output: { label: "ham", confidence: 0 } });
    // What `sorry` said is not kept as an answer of `learned`.
    expect(await ask(open)).toMatchObject({ variant: "sorry" });
  });

  test("an answer that was erased, or given to a drill, is not repeated", async () => {
    const { models, state } = brittleModel();
    const open = await running.start({ models, definitions: [ending] });
    const good = await ask(open);
    await ask(open, { input: elsewhere, drill: ["sorry"] });
    await open.stored();
    await open.functions.eraseBody(alice, good.inferenceId);
    state.fails = true;
    expect(await ask(open)).toMatchObject({ variant: "sorry" });
    expect(await ask(open, { input: elsewhere })).toMatchObject({ variant: "sorry" });
  });

  test("a chain of models ends in the last good answer and in a message when their provider is gone", async () => {
    const upstream = await startScriptedUpstream();
    const gateway = testGateway(upstream);
    onTestFinished(() => gateway.close());
    const prompt = "{{subject}}";
    const definition = defineFunction({
      ...mailSheet,
      name: "triage-mail",
      latencyBudgetMs: 2000,
      variants: {
        careful: llm({ model: "one/ok", prompt, parameters: { script: ['{"label":"spam","confidence":0.9}'] } }),
        small: llm({ model: "two/ok", prompt }),
        before: lastGood({ of: "careful", maxAgeSeconds: 60 }),
        sorry: message({ output: { label: "ham", confidence: 0 } }),
      },
      fallback: ["careful", { variant: "small", when: "input.bytes < 100" }, { variant: "before", when: "failures > 0" }, "sorry"],
    });
    const open = await running.start({ definitions: [definition], gateway });
    const good = await ask(open);
    expect(good).toMatchObject({ variant: "careful", fallback: false, output: { label: "spam", confidence: 0.9 } });

    await upstream.close();
    const again = await ask(open);
    expect(again).toMatchObject({ variant: "before", fallback: true, output: good.output });
    const long = await ask(open, { input: { subject: "Win $$$", body: "now ".repeat(50) } });
    expect(long).toMatchObject({ variant: "sorry", fallback: true, output: { label: "ham", confidence: 0 } });

    await open.stored();
    const chainOf = async (id: string) => {
      const { steps } = await open.functions.getInference(alice, id);
      return steps.filter(({ kind }) => kind === "variant").map(({ name, status, details }) => [name, status, details?.["when"]]);
    };
    expect(await chainOf(again.inferenceId)).toEqual([
      ["careful", "failed", undefined],
      ["small", "failed", undefined],
      ["before", "ok", undefined],
    ]);
    expect(await chainOf(long.inferenceId)).toEqual([
      ["careful", "failed", undefined],
      ["small", "skipped", "input.bytes < 100"],
      ["before", "failed", undefined],
      ["sorry", "ok", undefined],
    ]);
    const { produced } = await open.functions.getInference(alice, again.inferenceId);
    expect(produced["degraded"]).toMatchObject({ kind: "last-good", inference: good.inferenceId, variant: "careful" });
  });
});
