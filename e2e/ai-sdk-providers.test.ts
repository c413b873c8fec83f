import { registerHooks } from "node:module";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createEgress, egressConfigSchema, secret, silentLogger, systemClock } from "../server/src/core/index.ts";
import { type CallOutcome, type Gateway, configSchema, createGateway } from "../server/src/gateway/index.ts";
import { readReply, testCall } from "../server/src/gateway/test-call.ts";
import { testAiSdkFolder } from "../tools/test-ai-sdk.ts";
import { bedrock, cohere, google } from "./provider-wires.ts";
import { type StartedProvider, startProvider } from "./start-provider.ts";

const folder = testAiSdkFolder();

// A package below them names its own sources by the condition that names ours, and Node runs no types under node_modules.
const hooks = registerHooks({
  resolve: (specifier, context, next) =>
    specifier.startsWith("eventsource-parser")
      ? next(specifier, { ...context, conditions: context.conditions.filter((condition) => condition !== "source") })
      : next(specifier, context),
});
afterAll(() => hooks.deregister());

const keys = { MILLRACE_TEST_KEY: "sesame", MILLRACE_TEST_KEY_ID: "AKIDEXAMPLE" };
beforeAll(() => void Object.assign(process.env, keys));
afterAll(() => {
  for (const name of Object.keys(keys)) delete process.env[name];
});

/** How each package is told where its provider is, and how it shows who asks. */
const providers = [
  {
    package: "@ai-sdk/google",
    wire: google,
    config: (origin: string) => ({ options: { baseURL: `${origin}/v1beta` }, key: secret("MILLRACE_TEST_KEY"), export: "createGoogle" }),
    shows: { "x-goog-api-key": "sesame" },
    // It signs its calls and refuses those without, unless it is told that none can be had.
    takes: { model: "gemini-3-pro-preview", sent: "skip_thought_signature_validator" },
  },
  {
    package: "@ai-sdk/cohere",
    wire: cohere,
    config: (origin: string) => ({ options: { baseURL: `${origin}/v2` }, key: secret("MILLRACE_TEST_KEY") }),
    shows: { authorization: "Bearer sesame" },
    takes: { model: "ok", sent: '"tool_call_id":"c1"' },
  },
  {
    package: "@ai-sdk/amazon-bedrock",
    wire: bedrock,
    config: (origin: string) => ({
      options: {
        baseURL: origin,
        region: "eu-central-1",
        accessKeyId: secret("MILLRACE_TEST_KEY_ID"),
        secretAccessKey: secret("MILLRACE_TEST_KEY"),
      },
    }),
    shows: { authorization: expect.stringContaining("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/") as string },
    takes: { model: "ok", sent: '"toolUseId":"c1"' },
  },
];

const skipped = "needs packages of the AI SDK: npm run fetch-test-models";

const tools = [
  { type: "function", function: { name: "look_up", parameters: { type: "object", properties: { city: { type: "string" } } } } },
];

describe.each(providers)("$package", ({ package: name, wire, config, shows, takes }) => {
  let provider: StartedProvider;
  let gateway: Gateway;

  beforeAll(async () => {
    if (folder === undefined) return;
    provider = await startProvider(wire);
    const hosts = [{ host: "127.0.0.1", private: true, http: true, ports: [provider.port] }];
    gateway = createGateway({
      config: configSchema.parse({
        providers: { sdk: { dialect: "ai-sdk", package: name, attempts: 2, clocks: { totalMs: 10_000 }, ...config(provider.origin) } },
        prices: [{ provider: "sdk", model: "*", from: "2020-01-01", perMillion: { input: "1000", output: "2000" } }],
      }),
      egress: createEgress({ config: egressConfigSchema.parse({ hosts }), logger: silentLogger }),
      clock: systemClock,
      packageFolders: [folder],
    });
  });
  afterEach(() => void provider?.requests.splice(0));
  afterAll(async () => {
    gateway?.close();
    await provider?.close();
  });

  async function ask(model: string, options: Partial<Parameters<typeof testCall>[1]> = {}): Promise<CallOutcome> {
    return readReply(await gateway.call(testCall(gateway, { model: `sdk/${model}`, ...options })));
  }

  describe.each([false, true])("streamed: %s", (stream) => {
    test("answers, with its own count of tokens and a cost, and is shown who asks", async (context) => {
      if (folder === undefined) context.skip(skipped);
      const outcome = await ask("ok", { stream });
      expect(outcome).toMatchObject({
        error: null,
        answer: {
          content: [{ type: "text", text: "The quick brown fox." }],
          finish: "stop",
          usage: { input: 7, output: 9, from: "provider" },
        },
        cost: { amount: "0.025" },
      });
      expect(provider.requests).toHaveLength(1);
      expect(provider.requests[0]!.headers).toMatchObject(shows);
    });

    test("calls a tool, and is told what it gave", async (context) => {
      if (folder === undefined) context.skip(skipped);
      const { answer, error } = await ask("tools", { stream, more: { tools } });
      expect(error).toBeNull();
      expect(answer!.finish).toBe("tool-calls");
      const called = answer!.content.find(({ type }) => type === "tool-call");
      if (called?.type !== "tool-call") throw new Error("It called nothing.");
      expect(called.name).toBe("look_up");
      expect(JSON.parse(called.arguments)).toEqual({ city: "Zürich", days: 3 });
      const messages = [
        { role: "system", content: "Be brief." },
        { role: "user", content: "How will it be?" },
        {
          role: "assistant",
          content: null,
          tool_calls: [{ id: called.id, type: "function", function: { name: "look_up", arguments: called.arguments } }],
        },
        { role: "tool", tool_call_id: called.id, content: "rain" },
      ];
      await ask("ok", { stream, more: { messages, tools, temperature: 0.5, max_tokens: 20 } });
      const sent = JSON.stringify(provider.requests.at(-1)!.body);
      for (const word of ["Be brief.", "How will it be?", "look_up", "Zürich", "rain", "0.5", "20"]) expect(sent).toContain(word);
    });
  });

  test("takes a call of a tool that another model made", async (context) => {
    if (folder === undefined) context.skip(skipped);
    const call = { id: "c1", type: "function", function: { name: "look_up", arguments: "{}" } };
    const messages = [
      { role: "user", content: "How will it be?" },
      { role: "assistant", content: null, tool_calls: [call] },
      { role: "tool", tool_call_id: "c1", content: "rain" },
    ];
    expect((await ask(takes.model, { more: { messages, tools } })).error).toBeNull();
    expect(JSON.stringify(provider.requests[0]!.body)).toContain(takes.sent);
  });

  test("with 429 is asked again, and one that stays busy is told with its own wait", async (context) => {
    if (folder === undefined) context.skip(skipped);
    expect(await ask("busy-once")).toMatchObject({ error: null, answer: { finish: "stop" } });
    expect(provider.requests).toHaveLength(2);
    await expect(ask("busy")).rejects.toMatchObject({ code: "provider_busy", status: 503, details: { retryAfterMs: 1000 } });
  });

  test("that is cut in the middle of a stream never ends as if it were whole", async (context) => {
    if (folder === undefined) context.skip(skipped);
    const outcome = await ask("cut", { stream: true });
    expect(outcome.error).toMatchObject({ code: "provider_failed" });
    expect(JSON.stringify(outcome.answer)).toContain("The quick");
  });
});
