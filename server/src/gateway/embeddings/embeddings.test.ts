import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type ScriptedUpstream, startScriptedUpstream } from "../../../test/scripted-upstream.ts";
import { scriptedVector } from "../../../test/scripted-vectors.ts";
import { createId } from "../../core/index.ts";
import { type TestEmbeddings, openEmbeddings } from "./test-embeddings.ts";

let upstream: ScriptedUpstream;
let open: TestEmbeddings;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  open = openEmbeddings(upstream, { models: { patient: ["dead/ok", "one/ok"] } });
});
afterEach(() => void upstream.requests.splice(0));
afterAll(async () => {
  open.gateway.close();
  await upstream.close();
});

const texts = (count: number, word = createId()) => Array.from({ length: count }, (_, index) => `${word} ${index}`);
const sent = () => upstream.requests.map(({ body }) => body["input"]);

describe("embeddings of a provider", () => {
  test("come in the order of their inputs, however many requests that takes", async () => {
    const inputs = texts(7);
    const { vectors, usage, cost, target } = await open.embed({ model: "one/ok", inputs });
    expect(sent()).toEqual([inputs.slice(0, 3), inputs.slice(3, 6), inputs.slice(6)]);
    expect(vectors).toEqual(inputs.map((input) => scriptedVector(input)));
    expect({ usage, cost, target }).toMatchObject({
      usage: { input: 70, output: 0, from: "provider" },
      cost: { amount: "0.00007" },
      target: "one/ok",
    });
  });

  test("come in the order of their inputs when the provider lists them in another", async () => {
    const inputs = texts(3);
    expect((await open.embed({ model: "one/backwards", inputs })).vectors).toEqual(inputs.map((input) => scriptedVector(input)));
  });

  test("are asked for with what the caller set, his model's own name, and fields nobody here knows", async () => {
    const inputs = [[5, 6], [7]];
    const { vectors } = await open.embed({
      model: "one/ok",
      inputs,
      dimensions: 2,
      encoding: "base64",
      user: "ada",
      foreign: { truncate: true },
    });
    expect(upstream.requests[0]!.body).toEqual({
      model: "ok",
      input: inputs,
      dimensions: 2,
      encoding_format: "base64",
      user: "ada",
      truncate: true,
    });
    expect(vectors).toEqual(inputs.map((input) => scriptedVector(input, 2)));
  });

  test.each([
    ["one-less", 3],
    ["error-body-200", 1],
    ["empty-body", 1],
    ["reset", 1],
  ])("fail as a whole where the answer is %s", async (model, count) => {
    await expect(open.embed({ model: `one/${model}`, inputs: texts(count) })).rejects.toMatchObject({ code: "provider_failed" });
  });

  test("are tried again, and asked of the next target, with each try in the evidence", async () => {
    const { target } = await open.embed({ model: "one/status-then-ok:500:1", inputs: texts(1) });
    expect(target).toBe("one/status-then-ok:500:1");
    expect((await open.embed({ model: "patient", inputs: texts(2) })).target).toBe("one/ok");
    expect(open.steps.slice(-4)).toMatchObject([
      { kind: "embedding", status: "failed", details: { status: 500 } },
      { kind: "embedding", status: "ok" },
      { name: "dead/ok", status: "failed", error: "provider_failed" },
      { name: "one/ok", status: "ok" },
    ]);
  });

  test("are refused as the provider refuses them", async () => {
    await expect(open.embed({ model: "one/status:400", inputs: texts(1) })).rejects.toMatchObject({
      code: "provider_refused",
      details: { providerStatus: 400 },
    });
    expect(upstream.requests).toHaveLength(1);
  });

  test("are counted here where the provider tells no usage, and marked so", async () => {
    const { usage, cost } = await open.embed({ model: "one/no-usage", inputs: ["hello world", [1, 2, 3]] });
    expect(usage).toMatchObject({ input: 5, from: "tokenizer" });
    expect(cost).toMatchObject({ amount: "0.000005", from: "tokenizer" });
  });
});

describe("what was made already", () => {
  test("is neither asked for nor paid again, within a project", async () => {
    const [inputs, project] = [texts(2), createId()];
    const first = await open.embed({ model: "one/ok", inputs }, project);
    const [other] = texts(1);
    const again = await open.embed({ model: "one/ok", inputs: [...inputs, other!] }, project);
    expect(sent()).toEqual([inputs, [other]]);
    expect(again.vectors.slice(0, 2)).toEqual(first.vectors);
    expect([first.remembered, again.remembered]).toEqual([0, 2]);
    expect(again).toMatchObject({ usage: { input: 10 }, cost: { amount: "0.00001" } });
    const free = await open.embed({ model: "one/ok", inputs }, project);
    expect(free).toMatchObject({ remembered: 2, usage: { input: 0 }, cost: { amount: "0" } });
    expect((await open.embed({ model: "one/ok", inputs })).remembered).toBe(0);
  });

  test.each([{ dimensions: 2 }, { foreign: { truncate: true } }, { model: "one/backwards" }])("is something else with %o", async (more) => {
    const [inputs, project] = [texts(1), createId()];
    await open.embed({ model: "one/ok", inputs }, project);
    expect((await open.embed({ model: "one/ok", inputs, ...more }, project)).remembered).toBe(0);
  });

  test("is kept and paid for where the rest of its call failed", async () => {
    const [inputs, project] = [texts(3), createId()];
    const spent: unknown[] = [];
    const failed = open.embed({ model: "one/picky", inputs: [...inputs, "bad"] }, project, (paid) => void spent.push(paid));
    await expect(failed).rejects.toMatchObject({ code: "provider_failed" });
    expect(spent).toMatchObject([{ usage: { input: 30 }, cost: { amount: "0.00003" } }]);
    expect(await open.embed({ model: "one/picky", inputs }, project)).toMatchObject({ remembered: 3, cost: { amount: "0" } });
    expect(sent()).toEqual([inputs, ["bad"]]);
  });

  test("is sent once where the same text stands twice in a request", async () => {
    const [text] = texts(1);
    const { vectors } = await open.embed({ model: "one/ok", inputs: [text!, text!] });
    expect(sent()).toEqual([[text]]);
    expect(vectors[0]).toEqual(vectors[1]);
  });

  test("is not kept without memory for it", async () => {
    const none = openEmbeddings(upstream, { vectorMemoryBytes: 0 });
    const [inputs, project] = [texts(1), createId()];
    for (const _ of [1, 2]) expect((await none.embed({ model: "one/ok", inputs }, project)).remembered).toBe(0);
    none.gateway.close();
  });
});

test("a model nobody makes embeddings with is refused before anything is sent", () => {
  expect(() => open.gateway.embeddings.resolve("two/ok")).toThrow(expect.objectContaining({ code: "invalid_request" }));
  expect(() => open.gateway.embeddings.resolve("nobody/ok")).toThrow(expect.objectContaining({ code: "unknown_model" }));
  expect(() => open.gateway.embeddings.resolve("onnx/another")).toThrow(expect.objectContaining({ code: "unknown_model" }));
});

describe("a class of data", () => {
  const models = {
    near: { targets: ["one/ok", "dead/ok"], dataClass: "personal" },
    home: { targets: ["one/ok", "onnx/use-lite"], dataClass: "personal" },
    seen: { targets: ["dead/ok", "open/ok"], dataClass: "personal", regions: ["eu"] },
  };

  test("is seen by nobody it is not declared for: refused before anything is sent", async () => {
    const held = openEmbeddings(upstream, { models: { near: models.near } });
    const refused = held.embed({ model: "near", inputs: ["a"] });
    await expect(refused).rejects.toMatchObject({ code: "data_class_refused", message: expect.stringContaining("one/ok") as string });
    expect(upstream.requests).toHaveLength(0);
    held.gateway.close();
  });

  test("goes to who may see it, and what was passed over is told", async () => {
    const open = { dialect: "openai", baseUrl: `${upstream.origin}/v1`, dataClasses: ["personal"], region: "eu" };
    const dead = { dialect: "openai", baseUrl: "http://127.0.0.1:9/v1" };
    const held = openEmbeddings(upstream, { providers: { open, dead }, models: { seen: models.seen } });
    const reply = await held.embed({ model: "seen", inputs: ["a"] });
    expect(reply).toMatchObject({ target: "open/ok", notes: { passedOver: [{ target: "dead/ok" }] } });
    held.gateway.close();
  });

  test("stays here with the encoder that is made here", async () => {
    const held = openEmbeddings(upstream, { models: { home: models.home } });
    // Without its folder the encoder is not there, and nobody else may be asked.
    await expect(held.embed({ model: "home", inputs: ["a"] })).rejects.toMatchObject({ code: "encoder_missing" });
    expect(upstream.requests).toHaveLength(0);
    held.gateway.close();
  });
});

describe("a budget", () => {
  const budget = { name: "vectors", per: "project", windowSeconds: 3600 };

  test("refuses what has no room in it before anything is sent", async () => {
    const held = openEmbeddings(upstream, { budgets: [{ ...budget, limits: { tokens: 5 } }] });
    await expect(held.embed({ model: "one/ok", inputs: ["far too many words for a budget like this one"] })).rejects.toMatchObject({
      code: "budget_exceeded",
    });
    expect(upstream.requests).toHaveLength(0);
    expect(held.steps).toMatchObject([{ name: "budget:vectors", kind: "admission", status: "failed" }]);
    held.gateway.close();
  });

  test("pays for what was sent, and not for what is remembered or failed", async () => {
    const held = openEmbeddings(upstream, { budgets: [{ ...budget, limits: { tokens: 25 } }] });
    const project = createId();
    await expect(held.embed({ model: "one/status:400", inputs: ["a"] }, project)).rejects.toMatchObject({ code: "provider_refused" });
    // Ten tokens each, as the provider tells.
    for (const _ of [1, 2, 3, 4])
      expect((await held.embed({ model: "one/ok", inputs: ["a"] }, project)).notes).toEqual({ budgets: ["vectors"] });
    await held.embed({ model: "one/ok", inputs: ["b"] }, project);
    await expect(held.embed({ model: "one/ok", inputs: ["a text of more than five tokens, surely"] }, project)).rejects.toMatchObject({
      code: "budget_exceeded",
    });
    held.gateway.close();
  });

  test("pays for what was made before a call failed", async () => {
    const held = openEmbeddings(upstream, { budgets: [{ ...budget, limits: { tokens: 35 } }] });
    const project = createId();
    await expect(held.embed({ model: "one/picky", inputs: ["a", "b", "c", "bad"] }, project)).rejects.toMatchObject({
      code: "provider_failed",
    });
    const [long, short] = ["more than twenty characters, so more than five tokens", "short"];
    await expect(held.embed({ model: "one/ok", inputs: [long] }, project)).rejects.toMatchObject({ code: "budget_exceeded" });
    expect((await held.embed({ model: "one/ok", inputs: [short] }, project)).usage.input).toBe(10);
    held.gateway.close();
  });
});
