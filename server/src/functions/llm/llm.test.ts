import type { InferenceDetail } from "@millrace/contract";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { alice, ask, type TestFunctions, useFunctions } from "../../../test/functions.ts";
import { type ScriptedUpstream, startScriptedUpstream } from "../../../test/scripted-upstream.ts";
import { createId } from "../../core/index.ts";
import type { Gateway } from "../../gateway/index.ts";
import { llm } from "../declare-llm.ts";
import { defineFunction } from "../define-function.ts";
import type { FunctionDefinition } from "../types.ts";
import { askingFunction, mailSheet, testGateway } from "./test-llm.ts";

const running = useFunctions();
let upstream: ScriptedUpstream;
// One for all: what it counts cut answers with is slow to load.
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

const good = '{"label":"spam","confidence":0.9}';
const rules = () => ({ label: "ham" as const, confidence: 0.5 });

function start(definition: FunctionDefinition): Promise<TestFunctions> {
  return running.start({ definitions: [definition], gateway });
}

async function only(open: TestFunctions): Promise<InferenceDetail> {
  await open.stored();
  const { items } = await open.functions.listInferences(alice, { limit: 10 });
  expect(items).toHaveLength(1);
  return open.functions.getInference(alice, items[0]!.id);
}

const asks = ({ steps }: InferenceDetail) => steps.filter(({ kind }) => kind === "ask");

describe("an llm variant", () => {
  test("sends prompt, parameters and schema, and its inference says what it was and cost", async () => {
    const open = await start(
      askingFunction({
        system: "You sort mail.",
        prompt: "{{subject}}: {{body}}",
        temperature: 0.2,
        topP: 0.9,
        maxTokens: 50,
        seed: 7,
        stop: ["END"],
        reasoning: { effort: "low" },
        parameters: { script: [good], logit_bias: { "1": 2 } },
      }),
    );
    expect(await ask(open)).toMatchObject({ output: { label: "spam", confidence: 0.9 }, variant: "asked", fallback: false });
    expect(upstream.requests[0]!.body).toMatchObject({
      model: "ok",
      messages: [
        { role: "system", content: "You sort mail." },
        { role: "user", content: "Win $$$: now" },
      ],
      temperature: 0.2,
      top_p: 0.9,
      max_completion_tokens: 50,
      seed: 7,
      stop: ["END"],
      reasoning_effort: "low",
      logit_bias: { "1": 2 },
      response_format: {
        type: "json_schema",
        json_schema: { name: "triage-mail", strict: true, schema: { required: ["label", "confidence"] } },
      },
    });
    const found = await only(open);
    const cost = { amount: "0.000007", currency: "USD", from: "provider" };
    const usage = { input: 5, output: 1 };
    expect(found).toMatchObject({ status: "ok", label: "spam", confidence: 0.9, produced: { model: "ok", asks: 1, usage, cost } });
    expect(found.produced["binding"]).toMatchObject({
      model: "one/ok",
      targets: ["one/ok"],
      prompt: found.produced["prompt"],
      temperature: 0.2,
      topP: 0.9,
      maxTokens: 50,
      seed: 7,
      stop: ["END"],
      reasoning: { effort: "low" },
      parameters: { logit_bias: { "1": 2 } },
    });
    expect(found.produced["binding"]).not.toHaveProperty("source");
    expect(asks(found)).toMatchObject([
      { name: "one/ok", status: "ok", details: { target: "one/ok", output: "valid", usage, cost, seed: 7 } },
    ]);
    expect(found.steps.map(({ kind }) => kind)).toEqual(["llm", "ask", "variant"]);
  });

  test("makes its output of plain text where a function is given, and its version is then that of the sources", async () => {
    const open = await start(
      askingFunction({
        prompt: (mail) => mail.subject.toLowerCase(),
        output: (text) => ({ label: text.includes("$") ? "spam" : "ham", confidence: 1 }),
        model: "two/echo",
      }),
    );
    expect(await ask(open)).toMatchObject({ output: { label: "spam" } });
    expect(upstream.requests[0]).toMatchObject({ path: "/v1/messages", body: { messages: [{ content: [{ text: "win $$$" }] }] } });
    expect(upstream.requests[0]!.body).not.toHaveProperty("output_config");
    const found = await only(open);
    expect(found.produced["binding"]).toMatchObject({ source: "source", output: "code" });
    // No price is known for this one.
    expect(found.produced).toMatchObject({ cost: { amount: null }, usage: { output: 2 } });
  });

  test.each(["one", "two"])(
    "has an answer mended, and one that cannot be is asked for once more with what was wrong (%s)",
    async (provider) => {
      const open = await start(
        askingFunction({ model: `${provider}/ok`, parameters: { script: ["I think it is spam", "{label: 'spam', confidence: 0.9}"] } }),
      );
      expect(await ask(open)).toMatchObject({ output: { label: "spam", confidence: 0.9 } });
      const [, second] = upstream.requests;
      expect(JSON.stringify(second!.body["messages"])).toMatch(/I think it is spam.*does not fit.*keeps this schema/);
      const found = await only(open);
      expect(asks(found)).toMatchObject([
        {
          status: "failed",
          error: "invalid_output",
          details: { output: "invalid", issues: [expect.any(String)], text: "I think it is spam" },
        },
        { status: "ok", details: { output: "repaired" } },
      ]);
      const [first, last] = asks(found).map(({ details }) => details as { usage: { output: number } });
      expect(found.produced).toMatchObject({ asks: 2, usage: { output: first!.usage.output + last!.usage.output } });
    },
  );

  test("whose answer stays outside the schema is invalid_output, and the next variant answers; both are paid", async () => {
    const open = await start(askingFunction({ parameters: { script: ["no", "never"] } }, { rules }));
    expect(await ask(open)).toMatchObject({ variant: "rules", fallback: true });
    const found = await only(open);
    expect(found.steps.find(({ name, kind }) => name === "asked" && kind === "variant")).toMatchObject({
      status: "failed",
      error: "invalid_output",
    });
    expect(found.produced).toMatchObject({ asks: 2, cost: { amount: expect.stringMatching(/^0\.0+\d+$/) } });
    expect(found.produced).not.toHaveProperty("model");
  });

  test("asks once and mends nothing where repair is off", async () => {
    const open = await start(askingFunction({ repair: false, parameters: { script: ["{label: 'spam', confidence: 0.9}"] } }, { rules }));
    expect(await ask(open)).toMatchObject({ variant: "rules" });
    expect(upstream.requests).toHaveLength(1);
  });

  test("never takes an answer that was cut for whole, even where it reads like one, and does not ask again", async () => {
    const open = await start(askingFunction({ model: "one/length", parameters: { script: [good] } }, { rules }));
    expect(await ask(open)).toMatchObject({ variant: "rules", fallback: true });
    expect(upstream.requests).toHaveLength(1);
    expect(asks(await only(open))).toMatchObject([
      { status: "failed", error: "invalid_output", details: { output: "truncated", finish: "length" } },
    ]);
  });

  test.each([
    ["refuse", "one/status:500"],
    ["are not there", "dead/ok"],
  ])("whose providers %s falls back, and nothing is billed for it", async (_what, model) => {
    const open = await start(askingFunction({ model }, { rules }));
    expect(await ask(open)).toMatchObject({ variant: "rules", fallback: true });
    const found = await only(open);
    expect(asks(found)).toMatchObject([{ status: "failed", error: "provider_failed" }]);
    expect(asks(found)[0]!.details).not.toHaveProperty("cost");
    expect(found.produced).toMatchObject({ asks: 1, cost: { amount: "0" } });
  });

  test.each([
    ["a reset in the middle", "one/reset-after:3"],
    ["a cut without its mark", "one/clean-cut-after:3"],
    ["malformed JSON", "one/malformed-after:3"],
  ])("falls back on %s, of a stream too", async (_what, model) => {
    const open = await start(
      askingFunction({ model, clocks: { gapMs: 1000 }, parameters: { script: [good.replace(",", ", ")] } }, { rules }),
    );
    expect(await ask(open)).toMatchObject({ variant: "rules", fallback: true });
    expect(upstream.requests.every(({ body }) => body["stream"] === true)).toBe(true);
  });

  test("asks for a stream where a clock of it is set, and that clock ends a stall long before the deadline", async () => {
    const open = await start(
      askingFunction({ model: "one/stall-after:2", clocks: { gapMs: 60 }, parameters: { script: ["a b c d"] } }, { rules }),
    );
    expect(await ask(open, { deadlineMs: 30_000 })).toMatchObject({ variant: "rules", fallback: true });
    const found = await only(open);
    expect(asks(found)).toMatchObject([{ status: "failed", details: { output: "broken", text: "a", usage: { from: "tokenizer" } } }]);
    // What came of it is billed, and nobody but us has counted it.
    expect(found.produced["cost"]).toMatchObject({ amount: expect.any(String), from: "tokenizer" });
    await expect.poll(() => upstream.requests[0]!.aborted).toBe(true);
  });

  test.each([
    ["its total", "one/slow-between:30", { totalMs: 50 }, false],
    ["its first word", "one/slow-first:20000", { firstTokenMs: 50 }, true],
  ])("ends at the clock of %s, and its provider is cancelled", async (_what, model, clocks, isStream) => {
    const open = await start(askingFunction({ model, clocks }, { rules }));
    expect(await ask(open, { deadlineMs: 30_000 })).toMatchObject({ variant: "rules", fallback: true });
    expect(upstream.requests[0]!.body["stream"] ?? false).toBe(isStream);
    await expect.poll(() => upstream.requests[0]!.aborted).toBe(true);
    expect(asks(await only(open))).toMatchObject([
      {
        error: expect.stringMatching(/deadline_exceeded|egress_timeout/),
        details: { usage: { output: 0, from: "tokenizer" }, cost: { amount: expect.any(String), from: "tokenizer" } },
      },
    ]);
  });

  test("takes the function's clocks where it has none, and cancels its provider at the deadline", async () => {
    const definition = defineFunction({
      ...mailSheet,
      name: "triage-mail",
      latencyBudgetMs: 200,
      clocks: { firstTokenMs: 30_000 },
      variants: { asked: llm({ model: "one/slow-first:20000", prompt: "{{subject}}" }), rules },
      fallback: ["asked", "rules"],
    });
    const open = await start(definition);
    expect(await ask(open)).toMatchObject({ variant: "rules", fallback: true });
    expect(upstream.requests[0]!.body["stream"]).toBe(true);
    await expect.poll(() => upstream.requests[0]!.aborted).toBe(true);
    const found = await only(open);
    // It has read the question and said nothing.
    expect(asks(found)).toMatchObject([{ status: "timeout", details: { usage: { output: 0, from: "tokenizer" } } }]);
    expect(found.produced).toMatchObject({ asks: 1, cost: { amount: expect.stringMatching(/^0\.0+\d+$/), from: "tokenizer" } });
  });

  test("of a function whose data no provider of it may see is not asked; one that may is", async () => {
    const declare = (model: string) =>
      defineFunction({
        ...mailSheet,
        name: "triage-mail",
        dataClass: "personal",
        variants: { asked: llm({ model, prompt: "{{subject}}", parameters: { script: [good] } }), rules },
        fallback: ["asked", "rules"],
      });
    const refused = await start(declare("one/ok"));
    expect(await ask(refused)).toMatchObject({ variant: "rules", fallback: true });
    expect(upstream.requests).toHaveLength(0);
    const [step] = asks(await only(refused));
    expect(step).toMatchObject({ status: "failed", error: "data_class_refused" });
    const seen = await start(declare("trusted/ok"));
    expect(await ask(seen)).toMatchObject({ variant: "asked" });
  });

  test("goes where the rules of a name say, and they are part of what it is bound to", async () => {
    const open = await start(askingFunction({ model: "sized", parameters: { script: [good] } }));
    expect(await ask(open)).toMatchObject({ output: { label: "spam" } });
    const found = await only(open);
    expect(found.steps.find(({ kind }) => kind === "llm")).toMatchObject({ name: "one/say", status: "ok" });
    expect(found.produced["binding"]).toMatchObject({
      targets: ["dead/ok", "one/say"],
      routing: expect.stringMatching(/^rules:[0-9a-f]{8}$/),
    });
  });

  test("asks the targets of a name in order", async () => {
    const open = await start(askingFunction({ model: "patient", parameters: { script: [good] } }));
    expect(await ask(open)).toMatchObject({ output: { label: "spam" } });
    const found = await only(open);
    expect(found.steps.filter(({ kind }) => kind === "llm").map(({ name, status }) => [name, status])).toEqual([
      ["dead/ok", "failed"],
      ["one/say", "ok"],
    ]);
    expect(found.produced["binding"]).toMatchObject({ targets: ["dead/ok", "one/say"] });
  });
});

describe("an llm variant of a conversation", () => {
  const turn = z.object({ role: z.enum(["system", "user", "assistant"]), content: z.string() });
  const chat = (history?: { maxTokens: number }) =>
    defineFunction({
      ...mailSheet,
      name: "talk",
      input: z.object({ messages: z.array(turn) }),
      output: z.object({ text: z.string() }),
      variants: {
        asked: llm({
          model: "one/echo",
          messages: "messages",
          output: (text: string) => ({ text }),
          ...(history === undefined ? {} : { history }),
        }),
      },
      fallback: ["asked"],
    });
  const messages = [
    { role: "system", content: "Be brief." },
    ...Array.from({ length: 6 }, (_, index) => [
      { role: "user", content: `Question ${index} ${"word ".repeat(50)}` },
      { role: "assistant", content: `Answer ${index}` },
    ]).flat(),
    { role: "user", content: "And the last?" },
  ];

  test("gets the messages of the input as they are", async () => {
    const open = await start(chat());
    expect(await ask(open, { function: "talk", input: { messages } })).toMatchObject({ output: { text: "And the last?" } });
    expect(upstream.requests[0]!.body["messages"]).toEqual(messages);
    expect((await only(open)).produced).not.toHaveProperty("history");
  });

  test("loses its oldest turns where it is longer than its budget, and the record has the tokens before and after", async () => {
    const open = await start(chat({ maxTokens: 200 }));
    await ask(open, { function: "talk", input: { messages } });
    const sent = upstream.requests[0]!.body["messages"] as unknown[];
    expect(sent[0]).toEqual(messages[0]);
    expect(sent.length).toBeLessThan(messages.length);
    expect(sent.slice(1)).toEqual(messages.slice(messages.length - sent.length + 1));
    const { before, after, from } = (await only(open)).produced["history"] as { before: number; after: number; from: string };
    expect(from).toBe("tokenizer");
    expect(after).toBeLessThanOrEqual(200);
    expect(before).toBeGreaterThan(300);
  });
});

describe("the binding of an llm variant", () => {
  test("is another one once its prompt is, and what the table names is run as this configuration has it", async () => {
    const first = await start(askingFunction({ prompt: "One {{subject}}", parameters: { script: [good] } }));
    const { binding } = await ask(first);
    await running.store.sql.as(alice, (tx) =>
      first.functions.setArms(tx, {
        function: "triage-mail",
        release: createId(),
        arms: [{ binding, variant: "asked", role: "stable", share: 1 }],
      }),
    );
    await first.close();
    const second = await start(askingFunction({ prompt: "Two {{subject}}", parameters: { script: [good] } }));
    const answer = await ask(second);
    expect(answer.binding).not.toBe(binding);
    expect(upstream.requests.map(({ body }) => (body["messages"] as { content: string }[])[0]!.content)).toEqual([
      "One Win $$$",
      "Two Win $$$",
    ]);
    expect(await second.functions.binding(alice, answer.binding)).toMatchObject({ kind: "llm", label: expect.stringMatching(/^one\/ok:/) });
  });
});
