import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createEgress, createId, egressConfigSchema, silentLogger, systemClock } from "../server/src/core/index.ts";
import { configSchema, createGateway, type Gateway } from "../server/src/gateway/index.ts";
import { clearFunctions } from "../server/test/functions.ts";
import { type TestHttp, openTestHttp } from "../server/test/http.ts";
import { type TestStore, createTestStore } from "../server/test/store.ts";
import { testLlamaFolder } from "../tools/test-llama.ts";
import { smollm, testModelPath } from "../tools/test-models.ts";

const path = testModelPath(smollm);
const folder = testLlamaFolder();
const isHere = path !== undefined && folder !== undefined;

describe("SmolLM2 of 135 million parameters, through OpenAI's client", () => {
  let store: TestStore;
  let edge: TestHttp;
  let gateway: Gateway;
  let openai: OpenAI;

  beforeAll(async () => {
    if (!isHere) return;
    store = await createTestStore();
    gateway = createGateway({
      config: configSchema.parse({ local: { smollm: { path, contextTokens: 512, threads: 1 } }, models: { small: "local/smollm" } }),
      egress: createEgress({ config: egressConfigSchema.parse({ hosts: [] }), logger: silentLogger }),
      clock: systemClock,
      packageFolders: [folder],
    });
    edge = await openTestHttp({ store, journalFolder: createId(), ports: { gateway } });
    openai = new OpenAI({ baseURL: `${edge.url}/v1`, apiKey: edge.adminKey, maxRetries: 0 });
  });
  afterAll(async () => {
    if (!isHere) return;
    gateway.close();
    await edge.close();
    await clearFunctions(store);
    await store.close();
  });

  const ask = {
    model: "small",
    messages: [
      { role: "system" as const, content: "You answer in one word." },
      { role: "user" as const, content: "What is the capital of France?" },
    ],
    max_tokens: 12,
    temperature: 0,
  };

  test("answers whole and in a stream, the same each time, with its own count of tokens", async (context) => {
    if (!isHere) context.skip("needs the test models: npm run fetch-test-models");
    const whole = await openai.chat.completions.create(ask);
    const text = whole.choices[0]!.message.content!;
    expect(text).toContain("Paris");
    expect(whole.usage!.completion_tokens).toBeGreaterThan(0);
    expect(whole.usage!.completion_tokens).toBeLessThanOrEqual(12);
    let streamed = "";
    let usage: OpenAI.CompletionUsage | undefined;
    for await (const { choices, usage: told } of await openai.chat.completions.create({
      ...ask,
      stream: true,
      stream_options: { include_usage: true },
    })) {
      streamed += choices[0]?.delta.content ?? "";
      usage = told ?? usage;
    }
    expect(streamed).toBe(text);
    expect(usage).toMatchObject({ prompt_tokens: whole.usage!.prompt_tokens, completion_tokens: whole.usage!.completion_tokens });
  });

  test("answers in JSON of the caller's schema, whatever it would rather say", async (context) => {
    if (!isHere) context.skip("needs the test models: npm run fetch-test-models");
    const schema = {
      type: "object",
      properties: {
        capital: { enum: ["Paris", "Rome"] },
        people: { type: "integer" },
        rivers: { type: "array", items: { type: "string", maxLength: 12 }, maxItems: 2 },
      },
      required: ["capital", "people", "rivers"],
      additionalProperties: false,
    };
    const { choices } = await openai.chat.completions.create({
      ...ask,
      max_tokens: 120,
      response_format: { type: "json_schema", json_schema: { name: "city", schema } },
    });
    const said = JSON.parse(choices[0]!.message.content!) as { capital: string; people: number; rivers: string[] };
    expect(Object.keys(said)).toEqual(["capital", "people", "rivers"]);
    expect(["Paris", "Rome"]).toContain(said.capital);
    expect(Number.isInteger(said.people)).toBe(true);
    expect(said.rivers.length).toBeLessThanOrEqual(2);
  });

  test("ends at its bound and at a stop sequence, and draws by the seed", async (context) => {
    if (!isHere) context.skip("needs the test models: npm run fetch-test-models");
    const story = {
      ...ask,
      messages: [{ role: "user" as const, content: "Count: one, two, three, four, five, six. Say it again." }],
      max_tokens: 8,
    };
    const cut = await openai.chat.completions.create(story);
    expect(cut.choices[0]!.finish_reason).toBe("length");
    expect(cut.usage!.completion_tokens).toBe(8);
    const word = cut.choices[0]!.message.content!.trim().split(/\W+/)[1]!;
    const stopped = await openai.chat.completions.create({ ...story, stop: [word] });
    expect(stopped.choices[0]!.finish_reason).toBe("stop");
    expect(stopped.choices[0]!.message.content).not.toContain(word);
    const drawn = { ...story, temperature: 1.2, seed: 11 };
    const texts = [await openai.chat.completions.create(drawn), await openai.chat.completions.create(drawn)];
    expect(texts[0]!.choices[0]!.message.content).toBe(texts[1]!.choices[0]!.message.content);
  });

  test("stops when the client goes away, and answers the next one", async (context) => {
    if (!isHere) context.skip("needs the test models: npm run fetch-test-models");
    const gone = new AbortController();
    const stream = await openai.chat.completions.create(
      { ...ask, messages: [{ role: "user", content: "Tell me a long story." }], max_tokens: 400, stream: true },
      { signal: gone.signal },
    );
    for await (const { choices } of stream) if ((choices[0]?.delta.content ?? "") !== "") break;
    gone.abort();
    const next = await openai.chat.completions.create({ ...ask, max_tokens: 1 });
    expect(next.usage!.completion_tokens).toBe(1);
    await expect(
      openai.chat.completions.create({ ...ask, messages: [{ role: "user", content: "word ".repeat(600) }] }),
    ).rejects.toMatchObject({ status: 400 });
  });
});
