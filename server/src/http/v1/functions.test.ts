import OpenAI from "openai";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { alice } from "../../../test/functions.ts";
import { defineFunction, llm } from "../../functions/index.ts";
import { useDoor } from "./test-door.ts";

const sheet = {
  owner: "mail team",
  purpose: { objective: "Sort mail", decision: "Which folder", errors: [{ error: "ham as spam", cost: "a lost message" }] },
  boundary: "May label a message, may not delete one.",
  latencyBudgetMs: 20_000,
};
const mail = z.object({ subject: z.string(), body: z.string() });
const turns = z.array(z.object({ role: z.string(), content: z.string() }));
const said = (text: string) => ({ text });

function definitions() {
  const triage = defineFunction({
    ...sheet,
    name: "triage-mail",
    input: mail,
    output: z.object({ label: z.enum(["ham", "spam"]), confidence: z.number() }),
    maxBodyBytes: 10_000,
    variants: { rules: ({ subject }) => ({ label: subject.includes("$") ? ("spam" as const) : ("ham" as const), confidence: 1 }) },
    fallback: ["rules"],
  });
  const talk = defineFunction({
    ...sheet,
    name: "talk",
    input: z.object({ messages: turns }),
    output: z.object({ text: z.string(), tone: z.enum(["kind", "curt"]).optional() }),
    variants: { asked: llm({ model: "one/echo", messages: "messages", output: said }) },
    fallback: ["asked"],
  });
  const shorten = defineFunction({
    ...sheet,
    name: "shorten",
    input: z.object({ text: z.string(), words: z.number().optional() }),
    output: z.object({ text: z.string() }),
    variants: {
      asked: llm({ model: "one/status:500", prompt: "{{text}}", output: said }),
      rules: ({ text }) => ({ text: text.slice(0, 5) }),
    },
    fallback: ["asked", "rules"],
  });
  const stuck = defineFunction({
    ...sheet,
    name: "stuck",
    input: z.object({ text: z.string() }),
    output: z.object({ text: z.string() }),
    variants: { asked: llm({ model: "one/stall-after:1", prompt: "{{text}}", output: said }) },
    fallback: ["asked"],
  });
  const failing = defineFunction({
    ...sheet,
    name: "failing",
    input: mail,
    output: mail,
    variants: { rules: () => undefined },
    fallback: ["rules"],
  });
  return [triage, talk, shorten, stuck, failing];
}

const door = useDoor({
  definitions: definitions(),
  gateway: (baseUrl) => ({
    providers: { one: { dialect: "openai", baseUrl, attempts: 1 } },
    models: { small: "one/ok" },
  }),
});

const user = (content: string) => [{ role: "user" as const, content }];

async function newest(name: string) {
  await door.edge.stored();
  const { items } = await door.edge.functions.listInferences(alice, { function: name, limit: 1 });
  return door.edge.functions.getInference(alice, items[0]!.id);
}

describe("a function as a model of OpenAI's client", () => {
  test("takes the last text as JSON, and answers with its output as JSON; it is an inference like any other", async () => {
    const { data, response } = await door.openai.chat.completions
      .create({ model: "fn/triage-mail", messages: user('{"subject": "Win $$$", "body": "now"}'), metadata: { ticket: "7" }, user: "ada" })
      .withResponse();
    expect(JSON.parse(data.choices[0]!.message.content!)).toEqual({ label: "spam", confidence: 1 });
    expect(data).toMatchObject({ model: "fn/triage-mail", usage: { total_tokens: 0 }, choices: [{ finish_reason: "stop" }] });
    const found = await newest("triage-mail");
    expect(found).toMatchObject({
      id: data.id,
      status: "ok",
      variant: "rules",
      arm: "stable",
      input: { subject: "Win $$$" },
      metadata: { ticket: "7", user: "ada" },
    });
    expect(response.headers.get("x-millrace-inference")).toBe(found.id);
  });

  test("takes all messages where its input has a field for them, and answers with its only text", async () => {
    const messages = [
      { role: "system" as const, content: "Be brief." },
      ...user("One"),
      { role: "assistant" as const, content: "1" },
      ...user("Two"),
    ];
    const answer = await door.openai.chat.completions.create({ model: "fn/talk", messages });
    expect(answer.choices[0]!.message.content).toBe("Two");
    expect(door.upstream.requests[0]!.body["messages"]).toEqual(messages);
    expect(answer.usage!.completion_tokens).toBe(1);
  });

  test("takes the last text for its only field of text, and falls back as it is declared", async () => {
    const answer = await door.openai.chat.completions.create({ model: "fn/shorten", messages: user("A long story") });
    expect(answer.choices[0]!.message.content).toBe("A lon");
    expect(await newest("shorten")).toMatchObject({ input: { text: "A long story" }, fallback: true, variant: "rules" });
  });

  test("comes as a stream in one piece, with usage where it is asked for", async () => {
    const stream = await door.openai.chat.completions.create({
      model: "fn/talk",
      messages: user("Two words"),
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join("")).toBe("Two words");
    expect(chunks.map(({ choices }) => choices[0]?.finish_reason ?? null)).toContain("stop");
    expect(chunks.at(-1)!.usage).toMatchObject({ completion_tokens: 2 });
    const plain = await door.openai.chat.completions.create({ model: "fn/talk", messages: user("Two words"), stream: true });
    for await (const { usage } of plain) expect(usage ?? null).toBeNull();
  });

  test.each([
    ["text that is no JSON", user("What is this?"), /takes subject, body; write them as one JSON object/],
    ["JSON that does not fit", user('{"subject": 3}'), /takes subject, body/],
    ["a last word that is not the user's", [...user("A"), { role: "assistant" as const, content: "B" }], /takes subject, body/],
  ])("refuses %s and says what it takes", async (_what, messages, pattern) => {
    const failure = await door.openai.chat.completions.create({ model: "fn/triage-mail", messages }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ status: 400, message: expect.stringMatching(pattern), code: "invalid_request" });
  });

  test("refuses tools, and an input that is larger than it takes", async () => {
    const tools = [{ type: "function" as const, function: { name: "look_up", parameters: {} } }];
    await expect(door.openai.chat.completions.create({ model: "fn/talk", messages: user("A"), tools })).rejects.toMatchObject({
      status: 400,
    });
    const large = JSON.stringify({ subject: "a", body: "b".repeat(10_000) });
    await expect(door.openai.chat.completions.create({ model: "fn/triage-mail", messages: user(large) })).rejects.toMatchObject({
      status: 413,
    });
  });

  test("tells a failure with the inference it is in, and an unknown name", async () => {
    const failure = (await door.openai.chat.completions
      .create({ model: "fn/failing", messages: user('{"subject":"a","body":"b"}') })
      .catch((error: unknown) => error)) as InstanceType<typeof OpenAI.APIError>;
    expect(failure).toMatchObject({ status: 502, code: "all_variants_failed" });
    const { id, status } = await newest("failing");
    expect(status).toBe("failed");
    expect(failure.headers!.get("x-request-id")).toBe(id);
    await expect(door.openai.chat.completions.create({ model: "fn/nobody", messages: user("A") })).rejects.toMatchObject({
      status: 404,
      code: "unknown_function",
    });
  });

  test.each(["as a model", "by its own route"])(
    "cancels its provider at once when the client goes away, and is recorded (%s)",
    async (how) => {
      const gone = new AbortController();
      const before = (await door.edge.functions.listInferences(alice, { function: "stuck", limit: 5 })).items.length;
      const headers = { authorization: `Bearer ${door.edge.adminKey}`, "content-type": "application/json" };
      const asked = (
        how === "as a model"
          ? door.openai.chat.completions.create({ model: "fn/stuck", messages: user("A") }, { signal: gone.signal })
          : fetch(`${door.edge.url}/api/functions/stuck/infer`, {
              method: "POST",
              headers,
              body: '{"input":{"text":"A"}}',
              signal: gone.signal,
            })
      ).catch((error: unknown) => error);
      await expect.poll(() => door.upstream.requests.length).toBe(1);
      gone.abort();
      await asked;
      await expect.poll(() => door.upstream.requests[0]!.aborted).toBe(true);
      await expect
        .poll(async () => (await door.edge.functions.listInferences(alice, { function: "stuck", limit: 5 })).items.length)
        .toBe(before + 1);
      expect(await newest("stuck")).toMatchObject({ status: "failed", produced: { cost: { amount: null } } });
    },
  );
});

describe("a function as a model of Anthropic's client", () => {
  test("answers whole and as a stream", async () => {
    const request = { model: "fn/talk", max_tokens: 50, system: "Be brief.", messages: user("Two words") };
    const answer = await door.anthropic.messages.create(request);
    expect(answer).toMatchObject({ content: [{ type: "text", text: "Two words" }], stop_reason: "end_turn", usage: { output_tokens: 2 } });
    expect(door.upstream.requests[0]!.body["messages"]).toEqual([{ role: "system", content: "Be brief." }, ...user("Two words")]);
    const streamed = await door.anthropic.messages.stream(request).finalMessage();
    expect(streamed).toMatchObject({
      content: [{ type: "text", text: "Two words" }],
      stop_reason: "end_turn",
      usage: { output_tokens: 2 },
    });
  });

  test("gets its errors in its own form", async () => {
    const failure = await door.anthropic.messages
      .create({ model: "fn/triage-mail", max_tokens: 5, messages: user("What?") })
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ status: 400, error: { type: "error", error: { type: "invalid_request_error" } } });
  });
});

test("a function is asked by OpenAI's responses too", async () => {
  const answer = await door.openai.responses.create({ model: "fn/talk", instructions: "Be brief.", input: "Two words" });
  expect(answer).toMatchObject({ output_text: "Two words", status: "completed", usage: { output_tokens: 2 } });
  const types: string[] = [];
  for await (const event of await door.openai.responses.create({ model: "fn/talk", input: "Two words", stream: true }))
    types.push(event.type);
  expect(types[0]).toBe("response.created");
  expect(types.at(-1)).toBe("response.completed");
});

describe("a key that is held to some functions", () => {
  test("sees and asks only those", async () => {
    const all = (await door.openai.models.list()).data.map(({ id }) => id);
    expect(all).toEqual(["small", "fn/triage-mail", "fn/talk", "fn/shorten", "fn/stuck", "fn/failing"]);
    const key = await door.edge.createKey({ name: "held", permissions: ["functions.infer"], functions: ["talk"] });
    await door.edge.hotState.refresh();
    const held = new OpenAI({ baseURL: `${door.edge.url}/v1`, apiKey: key, maxRetries: 0 });
    expect((await held.models.list()).data.map(({ id }) => id)).toEqual(["fn/talk"]);
    await expect(held.chat.completions.create({ model: "fn/talk", messages: user("A") })).resolves.toMatchObject({ model: "fn/talk" });
    await expect(held.chat.completions.create({ model: "fn/shorten", messages: user("A") })).rejects.toMatchObject({ status: 403 });
  });
});
