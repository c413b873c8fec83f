import type { Batch } from "@millrace/contract";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { type TestBatches, openTestBatches } from "../../../../test/batches.ts";
import { alice, mailSheet } from "../../../../test/functions.ts";
import { type ScriptedBatches, startScriptedBatches } from "../../../../test/scripted-batches.ts";
import type { Gateway } from "../../../gateway/index.ts";
import { bestOf, llm } from "../../declare-llm.ts";
import { defineFunction, rules } from "../../define-function.ts";
import { testGateway } from "../../llm/test-llm.ts";

const sheet = {
  ...mailSheet,
  input: z.object({ text: z.string() }),
  output: z.object({ label: z.string(), confidence: z.number() }),
};
const asking = (name: string, model: string) =>
  defineFunction({ ...sheet, name, variants: { asked: llm({ model, prompt: "{{text}}", maxTokens: 50 }) }, fallback: ["asked"] });
const definitions = [
  asking("by-openai", "first/ok"),
  asking("by-budget", "first/ok"),
  asking("by-anthropic", "second/ok"),
  asking("by-either", "either"),
  asking("by-plain", "plain/ok"),
  defineFunction({
    ...sheet,
    name: "of-people",
    dataClass: "personal",
    variants: { asked: llm({ model: "first/ok", prompt: "{{text}}" }) },
    fallback: ["asked"],
  }),
  asking("by-responses", "responses/ok"),
  defineFunction({ ...sheet, name: "by-rules", variants: { ruled: rules(() => ({ label: "r", confidence: 1 })) }, fallback: ["ruled"] }),
  defineFunction({
    ...sheet,
    name: "by-best",
    variants: { one: llm({ model: "first/ok", prompt: "{{text}}" }), best: bestOf({ of: "one", count: 2, score: () => 1 }) },
    fallback: ["best"],
  }),
  defineFunction({
    ...sheet,
    name: "with-rules",
    variants: { asked: llm({ model: "first/ok", prompt: "{{text}}" }), ruled: rules(() => ({ label: "ruled", confidence: 1 })) },
    fallback: ["asked", "ruled"],
  }),
];

let provider: ScriptedBatches;
let gateway: Gateway;
let world: TestBatches;
beforeAll(async () => {
  provider = await startScriptedBatches();
  const at = (dialect: string, batches = true) => ({ dialect, baseUrl: `${provider.origin}/v1`, attempts: 1, batches });
  const price = (name: string) => ({
    provider: name,
    model: "*",
    from: "2020-01-01",
    perMillion: { input: "1", output: "2" },
    batch: "0.5",
  });
  gateway = testGateway(provider, {
    providers: { first: at("openai"), second: at("anthropic"), plain: at("openai", false), responses: at("openai-responses") },
    models: { either: ["first/ok", "second/ok"] },
    prices: [price("first"), price("second")],
    budgets: [
      {
        name: "batched",
        match: { function: "by-budget" },
        per: "function",
        windowSeconds: 86_400,
        limits: { tokens: 1000, requests: 100 },
      },
    ],
  });
  world = await openTestBatches({ definitions, gateway });
});
afterEach(() => {
  Object.assign(provider, { looks: 2, cutAfterSubmit: 0 });
  provider.batches.length = 0;
  provider.requests.length = 0;
});
afterAll(async () => {
  await world.close();
  gateway.close();
  await provider.close();
});

const texts = ["a", "b", "c", "d", "e", "f", "g"];

async function start(name: string, rows: readonly (string | object)[], more: object = {}): Promise<Batch> {
  return world.start({ uploadId: await world.upload(rows), through: "provider", ...more }, { name });
}

const rowsOf = (values: readonly string[]) => values.map((text) => ({ text }));

describe.each([
  { name: "by-openai", target: "first/ok", expired: "batch_expired", word: "expired" },
  { name: "by-anthropic", target: "second/ok", expired: "expired", word: "ended" },
])("through $target", ({ name, target, expired, word }) => {
  test("rows are answered from one batch at its price, and one with an error or without its turn is a row error", async () => {
    const lines = [...rowsOf([...texts, "wrong one", "late one"]), "not json"];
    const ended = await world.ended(await start(name, lines));
    expect(ended).toMatchObject({
      error: null,
      status: "succeeded",
      rows: { total: 10, done: 7, failed: 3 },
      provider: { target, id: provider.batches[0]!.id, status: word },
    });
    expect(provider.batches.map(({ requests }) => requests.map(({ id }) => id))).toEqual([
      Array.from({ length: 9 }, (_, index) => `${ended.id}-${index + 1}`),
    ]);
    const rows = await world.rows(ended);
    expect(rows.map(({ output }) => (output as { label?: string } | null)?.label ?? null)).toEqual([...texts, null, null, null]);
    // Ten tokens in and one out, at half of a dollar and two a million.
    expect(rows.slice(0, 7).map(({ cost }) => cost)).toEqual(texts.map(() => "0.000006"));
    expect(Number(ended.cost)).toBeCloseTo(7 * 0.000006, 12);
    expect(rows[7]!.error!.message).toContain("it is wrong");
    expect(rows[8]!.error!.message).toContain(expired);
    expect(rows[9]!.error!.code).toBe("invalid_json");
    await world.http.stored();
    const { steps } = (await world.http.send({ path: `/api/inferences/${rows[0]!.inferenceId!}`, key: world.http.adminKey })).json<{
      steps: { kind: string; details: object }[];
    }>();
    const [asked] = steps.filter(({ kind }) => kind === "ask");
    expect(asked!.details).toMatchObject({
      target,
      usage: { from: "provider" },
      notes: { batch: { provider: target.split("/")[0], id: ended.provider!.id } },
    });
    expect(provider.requests.filter((each) => /completions|messages$/.test(each))).toEqual([]);
    // Its questions and replies were kept until here, and are in nothing but the evidence and the result.
    const { blobs, context } = world.parts;
    for await (const { hash } of blobs.list(context))
      expect((await blobs.get(context, hash)).toString()).not.toContain(`"batch":"${ended.id}"`);
  });

  test("a batch that was taken without a word is found and not sent again", async () => {
    provider.cutAfterSubmit = 1;
    const ended = await world.ended(await start(name, rowsOf(texts)));
    expect(ended).toMatchObject({ status: "succeeded", rows: { done: 7, failed: 0 } });
    expect(provider.batches).toHaveLength(1);
  });

  test("cancelling it cancels the provider's", async () => {
    provider.looks = Number.POSITIVE_INFINITY;
    const batch = await world.until(await start(name, rowsOf(texts)), (seen) => seen.provider!.status === "in_progress");
    await world.http.send({ method: "POST", path: `/api/functions/${name}/batches/${batch.id}/cancel`, key: world.http.adminKey });
    expect(await world.ended(batch)).toMatchObject({ status: "cancelled", rows: { done: 0, failed: 0 } });
    expect(provider.batches.map(({ cancelled }) => cancelled)).toEqual([true]);
  });
});

describe("a batch through a provider", () => {
  test("leaves a row without an answer to the next step of the chain", async () => {
    const rows = await world.rows(await world.ended(await start("with-rules", rowsOf(["a", "wrong"]))));
    expect(rows.map(({ output, fallback, cost }) => [(output as { label: string }).label, fallback, cost])).toEqual([
      ["a", false, "0.000006"],
      ["ruled", true, "0"],
    ]);
  });

  test("asks a row without an answer by itself where the request says so, at the full price", async () => {
    const rows = await world.rows(await world.ended(await start("by-openai", rowsOf(["a", "wrong"]), { fallback: "ask" })));
    expect(rows.map(({ output, cost }) => [(output as { label: string }).label, cost])).toEqual([
      ["a", "0.000006"],
      ["wrong", "0.000012"],
    ]);
    expect(provider.requests.filter((each) => each.endsWith("completions"))).toHaveLength(1);
  });

  test.each([
    ["by-either", "2 targets"],
    ["by-plain", "batches: true"],
    ["by-responses", "openai-responses"],
    ["by-rules", "no llm variant"],
    ["by-best", "no llm variant"],
  ])("is refused where there can be none: %s", async (name, why) => {
    await expect(start(name, rowsOf(["a"]))).rejects.toThrow(why);
    expect(provider.requests).toEqual([]);
  });

  test("sends nothing that its provider may not see", async () => {
    const ended = await world.ended(await start("of-people", rowsOf(["a", "b"])));
    expect(ended).toMatchObject({ rows: { done: 0, failed: 2 }, provider: { id: null } });
    expect((await world.rows(ended)).map(({ error }) => error!.message)).toEqual([1, 2].map(() => expect.stringContaining("personal")));
    expect(provider.requests).toEqual([]);
  });

  test("is not sent while its function is switched off, says so, and goes on by itself", async () => {
    const path = "/api/governance/switches/with-rules";
    const flip = (off: boolean) => world.http.send({ method: "PUT", path, key: world.http.adminKey, body: { off, reason: "errors" } });
    await flip(true);
    const batch = await start("with-rules", rowsOf(["a"]));
    const paused = await world.until(batch, ({ status }) => status === "paused");
    expect(paused).toMatchObject({ waiting: { code: "function_switched_off" }, provider: { id: null } });
    expect(provider.requests).toEqual([]);
    await flip(false);
    expect(await world.ended(batch)).toMatchObject({ status: "succeeded", rows: { done: 1 }, waiting: null });
  });

  test("sends nothing where no row can be asked", async () => {
    const ended = await world.ended(await start("by-openai", ["not json", { text: 7 }]));
    expect(ended).toMatchObject({ status: "succeeded", rows: { done: 0, failed: 2 }, provider: { id: null } });
    expect(provider.requests).toEqual([]);
  });
});

describe("a budget", () => {
  /** Of the one there is, as `used/reserved`. */
  const counts = async () => {
    const { items } = await gateway.budgets.list(alice.projectId, 10);
    return Object.fromEntries(items.map(({ kind, used, reserved }) => [kind, `${used}/${reserved}`]));
  };

  test("holds an estimate of all rows before a batch is sent, and counts what they came to", async () => {
    provider.looks = Number.POSITIVE_INFINITY;
    const first = await start("by-budget", rowsOf(["a", "b", "c", "d", "e"]));
    await world.until(first, (seen) => seen.provider!.status === "in_progress");
    expect(await counts()).toEqual({ requests: "5/0", tokens: expect.stringMatching(/^0\/[3-9]\d\d$/) });
    // What is left is not enough for these: nothing of them is sent, and they say for whom they wait.
    const second = await start("by-budget", rowsOf([1, 2, 3, 4, 5, 6].map(String)));
    const paused = await world.until(second, ({ status }) => status === "paused");
    expect(paused.waiting).toMatchObject({ code: "budget_exceeded", message: expect.stringContaining('"batched"') });
    expect(provider.batches).toHaveLength(1);
    await world.http.send({ method: "POST", path: `/api/functions/by-budget/batches/${second.id}/cancel`, key: world.http.adminKey });
    expect(await world.ended(second)).toMatchObject({ status: "cancelled", provider: { id: null } });
    provider.looks = 2;
    await world.http.send({ method: "POST", path: `/api/functions/by-budget/batches/${first.id}/cancel`, key: world.http.adminKey });
    await world.ended(first);
    const third = await world.ended(await start("by-budget", rowsOf(["h", "i"])));
    expect(third).toMatchObject({ status: "succeeded", rows: { done: 2 } });
    // Ten tokens in and one out for each row that was answered.
    await expect.poll(counts).toEqual({ requests: "7/0", tokens: "22/0" });
  });

  test("that is smaller than a whole batch ends it before it is sent, and names itself", async () => {
    const ended = await world.ended(await start("by-budget", rowsOf(Array.from({ length: 20 }, (_, index) => `text ${index}`))));
    expect(ended).toMatchObject({ status: "failed", error: { code: "budget_exceeded", message: expect.stringContaining('"batched"') } });
    expect(provider.requests).toEqual([]);
  });

  test("that is smaller than one row makes that row an error, and no other waits for it", async () => {
    const uploadId = await world.upload(rowsOf(["word ".repeat(4000), "b"]));
    const rows = await world.rows(await world.ended(await world.start({ uploadId }, { name: "by-budget" })));
    expect(rows.map(({ status }) => status)).toEqual(["failed", "ok"]);
    expect(rows[0]!.error!.message).toContain('"batched"');
  });
});
