import { registerHooks } from "node:module";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type ScriptedUpstream, scriptedText, startScriptedUpstream } from "../../../test/scripted-upstream.ts";
import { createEgress, egressConfigSchema, secret, silentLogger, systemClock } from "../../core/index.ts";
import { readReply, testCall } from "../test-call.ts";
import { configSchema } from "../config.ts";
import { type Gateway, createGateway } from "../create.ts";
import type { CallOutcome } from "../stage.ts";

const packageName = "@ai-sdk/openai-compatible";
let upstream: ScriptedUpstream;

// A package below it names its own sources by the condition that names ours, and Node runs no types under node_modules.
const hooks = registerHooks({
  resolve: (specifier, context, next) =>
    specifier.startsWith("eventsource-parser")
      ? next(specifier, { ...context, conditions: context.conditions.filter((condition) => condition !== "source") })
      : next(specifier, context),
});
afterAll(() => hooks.deregister());

beforeAll(async () => {
  upstream = await startScriptedUpstream();
});
afterEach(() => void upstream.requests.splice(0));
afterAll(() => upstream.close());

function open(provider: Record<string, unknown> = {}, more: Record<string, unknown> = {}): Gateway {
  const hosts = [{ host: "127.0.0.1", private: true, http: true, ports: [upstream.port] }];
  const options = { name: "scripted", baseURL: `${upstream.origin}/v1`, includeUsage: true, supportsStructuredOutputs: true };
  const { packageFolders = [import.meta.dirname], ...config } = more as { packageFolders?: string[] };
  return createGateway({
    config: configSchema.parse({
      providers: {
        sdk: { dialect: "ai-sdk", package: packageName, options, attempts: 1, clocks: { totalMs: 5000, gapMs: 300 }, ...provider },
        plain: { dialect: "openai", baseUrl: `${upstream.origin}/v1` },
      },
      models: { both: ["sdk/status:500", "plain/ok"] },
      prices: [{ provider: "sdk", model: "*", from: "2020-01-01", perMillion: { input: "0", output: "1000" } }],
      ...config,
    }),
    egress: createEgress({ config: egressConfigSchema.parse({ hosts }), logger: silentLogger }),
    clock: systemClock,
    packageFolders,
  });
}

type Options = Partial<Parameters<typeof testCall>[1]>;

async function ask(gateway: Gateway, model: string, options: Options = {}): Promise<CallOutcome> {
  return readReply(await gateway.call(testCall(gateway, { model, ...options })));
}

async function hear(gateway: Gateway, model: string, options: Options = {}): Promise<string> {
  const reply = await gateway.call(testCall(gateway, { model, stream: true, ...options }));
  if (reply.kind === "whole") throw new Error("no stream");
  let heard = "";
  for await (const { text } of reply.texts) heard += text;
  await reply.leave();
  return heard;
}

const tool = { type: "function", function: { name: "look_up", parameters: { type: "object", properties: { what: { type: "string" } } } } };

describe("a provider through a package of the AI SDK", () => {
  test("answers whole and in a stream, with usage and cost", async () => {
    const gateway = open();
    for (const stream of [false, true]) {
      const outcome = await ask(gateway, "sdk/ok", { stream });
      expect(outcome).toMatchObject({
        target: "sdk/ok",
        error: null,
        answer: { content: [{ type: "text", text: scriptedText }], finish: "stop", usage: { from: "provider" } },
      });
      expect(outcome.answer!.usage!.output).toBeGreaterThan(0);
      expect(outcome.cost).not.toBeNull();
    }
    expect((await hear(gateway, "sdk/ok")).trimEnd().endsWith("data: [DONE]")).toBe(true);
  });

  test("is asked with everything the specification has a word for, and with the key", async () => {
    process.env["SDK_TEST_KEY"] = "sesame";
    const gateway = open({ key: secret("SDK_TEST_KEY"), headers: { "x-team": "blue" } });
    const messages = [
      { role: "system", content: "Be brief." },
      {
        role: "user",
        content: [
          { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } },
          { type: "text", text: "See?" },
        ],
      },
      { role: "assistant", tool_calls: [{ id: "c1", type: "function", function: { name: "look_up", arguments: '{"what":"it"}' } }] },
      { role: "tool", tool_call_id: "c1", content: "42" },
    ];
    const sampling = { temperature: 0.5, top_p: 0.9, seed: 3, stop: ["END"], presence_penalty: 0.1, max_tokens: 20 };
    await ask(gateway, "sdk/ok", { more: { messages, ...sampling, tools: [tool], tool_choice: "required" } });
    const { body, headers } = upstream.requests[0]!;
    expect(headers).toMatchObject({ authorization: "Bearer sesame", "x-team": "blue" });
    expect(body).toMatchObject({ model: "ok", ...sampling, tool_choice: "required", tools: [tool] });
    expect(body["messages"]).toMatchObject([
      { role: "system", content: "Be brief." },
      {
        role: "user",
        content: [
          { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } },
          { type: "text", text: "See?" },
        ],
      },
      { role: "assistant", tool_calls: [{ id: "c1", function: { name: "look_up", arguments: '{"what":"it"}' } }] },
      { role: "tool", tool_call_id: "c1", content: "42" },
    ]);
  });

  test("calls tools, whole and in a stream, and says why an answer ended", async () => {
    const gateway = open();
    for (const stream of [false, true]) {
      const { answer } = await ask(gateway, "sdk/tools", { stream, more: { tools: [tool] } });
      expect(answer!.finish).toBe("tool-calls");
      const [call] = answer!.content.filter(({ type }) => type === "tool-call");
      expect(call).toMatchObject({ type: "tool-call", name: expect.any(String) as string });
      if (call?.type === "tool-call") expect(JSON.parse(call.arguments)).toBeTypeOf("object");
      expect((await ask(gateway, "sdk/length", { stream })).answer!.finish).toBe("length");
    }
  });

  test("is made with options that are secrets", async () => {
    process.env["SDK_TEST_KEY"] = "sesame";
    const options = { name: "scripted", baseURL: `${upstream.origin}/v1`, apiKey: secret("SDK_TEST_KEY") };
    await ask(open({ options }), "sdk/ok");
    expect(upstream.requests[0]!.headers.authorization).toBe("Bearer sesame");
  });

  test("refuses what it cannot carry by the names the caller used, before anything is sent", async () => {
    const more = { logprobs: true, n: 1, service_tier: "flex", user: "ada", messages: [{ role: "user", name: "Ada", content: "Hi" }] };
    await expect(ask(open(), "sdk/ok", { more })).rejects.toMatchObject({
      code: "untranslatable",
      details: { fields: expect.arrayContaining(["logprobs", "service_tier", "user", "messages.0.name"]) as string[] },
    });
    expect(upstream.requests).toHaveLength(0);
  });

  test("tells errors of its provider as they are, and its failures go on to the next target", async () => {
    const gateway = open();
    await expect(ask(gateway, "sdk/status:400")).rejects.toMatchObject({ code: "provider_refused", details: { providerStatus: 400 } });
    await expect(ask(gateway, "sdk/status:401")).rejects.toMatchObject({ code: "provider_failed", details: { retryable: false } });
    await expect(ask(gateway, "sdk/status:429:7")).rejects.toMatchObject({ code: "provider_busy", details: { retryAfterMs: 7000 } });
    await expect(ask(gateway, "sdk/reset")).rejects.toMatchObject({ code: "provider_failed" });
    expect(await ask(gateway, "both")).toMatchObject({ target: "plain/ok" });
    expect(await ask(open({ attempts: 2 }), "sdk/status-then-ok:500:1")).toMatchObject({ target: "sdk/status-then-ok:500:1" });
  });

  test("a stream that breaks or stalls ends with an error, never as if it were whole", async () => {
    const gateway = open();
    for (const model of ["sdk/reset-after:4", "sdk/stall-after:4"]) {
      const heard = await hear(gateway, model);
      expect(heard).toContain('"content":"');
      expect(heard).toContain('"error"');
      expect(heard).not.toContain("[DONE]");
    }
  });

  test("is cancelled when the caller goes away", async () => {
    const gateway = open();
    const reply = await gateway.call(testCall(gateway, { model: "sdk/slow-between:50", stream: true }));
    if (reply.kind === "stream") await reply.leave();
    await expect.poll(() => upstream.requests[0]!.aborted).toBe(true);
  });

  test("goes out by no other way than the configured one", async () => {
    const elsewhere = { name: "scripted", baseURL: "http://127.0.0.1:9/v1" };
    await expect(ask(open({ options: elsewhere }), "sdk/ok")).rejects.toMatchObject({ code: "egress_refused" });
  });
});

describe("at the start", () => {
  test("a package that is missing, speaks another version, or makes no provider is told by name", () => {
    const folder = mkdtempSync(join(tmpdir(), "millrace-test-sdk-"));
    try {
      expect(() => open({ package: "@ai-sdk/none" }, { packageFolders: [folder] })).toThrow(`run "npm install @ai-sdk/none" in ${folder}`);
      put(folder, "old", "exports.createOld = () => ({ specificationVersion: 'v3', languageModel() {} })");
      expect(() => open({ package: "old" }, { packageFolders: [folder] })).toThrow("old speaks version v3");
      put(folder, "two", "exports.createOne = () => ({}); exports.createTwo = () => ({});");
      expect(() => open({ package: "two" }, { packageFolders: [folder] })).toThrow(
        "name what makes the provider in two: createOne, createTwo",
      );
      expect(() => open({ package: "two", export: "createThree" }, { packageFolders: [folder] })).toThrow(
        'two has no function "createThree"',
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test("an address or a second key is not its affair", () => {
    const provider = { dialect: "ai-sdk", package: packageName };
    for (const more of [{ baseUrl: "https://api.example.com" }, { keys: [] }])
      expect(configSchema.safeParse({ providers: { sdk: { ...provider, ...more } } }).success).toBe(false);
    expect(configSchema.safeParse({ providers: { sdk: provider } }).success).toBe(true);
  });
});

function put(folder: string, name: string, source: string): void {
  const place = join(folder, "node_modules", name);
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, "package.json"), JSON.stringify({ name, version: "1.0.0", main: "index.js" }));
  writeFileSync(join(place, "index.js"), source);
}
