import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { testCall, readReply } from "../test-call.ts";
import { configSchema } from "../config.ts";
import type { Gateway } from "../create.ts";
import type { CallOutcome } from "../stage.ts";
import { makeLlamaFolder, openLocalGateway } from "./test-local.ts";

const folder = makeLlamaFolder();
const open: Gateway[] = [];
afterEach(() => open.splice(0).forEach((gateway) => gateway.close()));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function openGateway(config: Record<string, unknown> = {}): Gateway {
  const gateway = openLocalGateway(folder, config);
  open.push(gateway);
  return gateway;
}

type Options = Partial<Parameters<typeof testCall>[1]>;

async function ask(gateway: Gateway, text: string, options: Options = {}): Promise<CallOutcome> {
  return readReply(await gateway.call(testCall(gateway, { model: "local/small", text, ...options })));
}

function textOf({ answer }: CallOutcome): string {
  return answer!.content.map((part) => ("text" in part ? part.text : "")).join("|");
}

/** What a caller of OpenAI hears of a stream. */
async function hear(gateway: Gateway, text: string, options: Options = {}): Promise<string> {
  const reply = await gateway.call(testCall(gateway, { model: "local/small", text, stream: true, ...options }));
  if (reply.kind === "whole") throw new Error("no stream");
  let heard = "";
  for await (const told of reply.texts) heard += told.text;
  await reply.leave();
  return heard;
}

describe("a model in a file", () => {
  test("answers whole, with usage counted by its own tokenizer, and is paid for by a configured price", async () => {
    const prices = [{ provider: "local", model: "*", from: "2020-01-01", perMillion: { input: "0", output: "0" } }];
    const outcome = await ask(openGateway({ prices }), "say good morning to all");
    expect(outcome).toMatchObject({
      target: "local/small",
      error: null,
      answer: { model: "small", finish: "stop", usage: { input: 5, output: 4, from: "provider" } },
      cost: { amount: "0" },
    });
    expect(textOf(outcome)).toBe("good morning to all");
  });

  test("answers in the stream of each dialect, to its proper end", async () => {
    const gateway = openGateway();
    const heard = await hear(gateway, "say good morning", { more: { stream_options: { include_usage: true } } });
    expect(heard).toContain('"content":" morning"');
    expect(heard).toContain('"prompt_tokens":3');
    expect(heard.trimEnd().endsWith("data: [DONE]")).toBe(true);
    const anthropic = gateway.dialect("anthropic-messages");
    const body = { model: "local/small", max_tokens: 50, stream: true, messages: [{ role: "user", content: "think good morning" }] };
    const call = testCall(gateway, { model: "local/small" });
    const reply = await gateway.call({ ...call, dialect: "anthropic-messages", body, request: anthropic.parseRequest(body) });
    let told = "";
    if (reply.kind === "stream") for await (const { text } of reply.texts) told += text;
    expect(told).toContain('"thinking_delta","thinking":"Hm."');
    expect(told).toContain("event: message_stop");
  });

  test("holds to the bound, the stop sequences, the seed, and is told the whole conversation", async () => {
    const gateway = openGateway();
    expect(await ask(gateway, "say a b c d", { maxTokens: 2 })).toMatchObject({ answer: { finish: "length", usage: { output: 2 } } });
    const stopped = await ask(gateway, "say a b c d", { more: { stop: ["c"] } });
    expect([textOf(stopped), stopped.answer!.finish, stopped.answer!.stopSequence]).toEqual(["a b", "stop", "c"]);
    expect(textOf(await ask(gateway, "seed", { more: { seed: 7 } }))).toBe("7");
    const messages = [
      { role: "system", content: "Be brief." },
      { role: "user", content: "Hi" },
      { role: "assistant", content: "Hello" },
      { role: "user", content: "history" },
    ];
    expect(JSON.parse(textOf(await ask(gateway, "", { more: { messages } })))).toEqual([
      { type: "system", text: "Be brief." },
      { type: "user", text: "Hi" },
      { type: "model", response: ["Hello"] },
      { type: "user", text: "history" },
      { type: "model", response: [] },
    ]);
  });

  test("refuses what it cannot carry, naming each field, and a prompt without room, before it begins", async () => {
    const gateway = openGateway({ local: { small: { path: join(folder, "small.gguf"), contextTokens: 64 } } });
    const tools = [{ type: "function", function: { name: "look", parameters: {} } }];
    const messages = [{ role: "user", content: [{ type: "image_url", image_url: { url: "https://example.com/a.png" } }] }];
    await expect(ask(gateway, "", { more: { tools, messages, logprobs: true } })).rejects.toMatchObject({
      code: "untranslatable",
      details: { fields: expect.arrayContaining(["tools", "logprobs", "messages.0.content.0"]) as string[] },
    });
    await expect(ask(gateway, "word ".repeat(70))).rejects.toMatchObject({
      code: "provider_refused",
      details: { providerStatus: 400, inputTokens: 70, contextTokens: 64 },
    });
  });

  test("holds its answer to the caller's format, and refuses a schema it could not hold to by its path", async () => {
    const gateway = openGateway();
    const told = async (response_format: unknown) => textOf(await ask(gateway, "grammar", { more: { response_format } }));
    const schemaOf = (schema: unknown) => ({ type: "json_schema", json_schema: { name: "sorted", schema } });
    expect(textOf(await ask(gateway, "grammar"))).toBe("none");
    expect(await told({ type: "json_object" })).toBe("json");
    const schema = { type: "object", properties: { label: { enum: ["ham", "spam"] } }, required: ["label"], additionalProperties: false };
    expect(JSON.parse(await told(schemaOf({ ...schema, description: "Which" })))).toEqual(schema);
    const bound = schemaOf({ type: "object", properties: { score: { type: "number", minimum: 0 } } });
    await expect(told(bound)).rejects.toMatchObject({
      code: "untranslatable",
      details: { fields: ["response_format.properties.score.minimum"] },
    });
  });

  test("is one of several targets: what it cannot carry goes on to the next, and an answer without words too", async () => {
    const local = { small: { path: join(folder, "small.gguf") }, other: { path: join(folder, "small.gguf") } };
    const gateway = openGateway({ local, models: { both: ["local/small", "local/other"] } });
    await expect(ask(gateway, "nothing", { model: "both" })).rejects.toMatchObject({
      code: "provider_failed",
      details: { target: "local/other", reason: "empty" },
    });
    expect(await ask(gateway, "say hello", { model: "both" })).toMatchObject({ target: "local/small" });
  });
});

describe("its process", () => {
  test("serves one call after the other, and a hundred at once in their order", async () => {
    const gateway = openGateway({ local: { small: { path: join(folder, "small.gguf"), queue: 100 } } });
    const texts = Array.from({ length: 100 }, (_, index) => `word${index}`);
    const outcomes = await Promise.all(texts.map((text) => ask(gateway, `say ${text}`)));
    expect(outcomes.map(textOf)).toEqual(texts);
    expect(new Set(await Promise.all([1, 2, 3].map(async () => textOf(await ask(gateway, "pid"))))).size).toBe(1);
  });

  test("takes no more than may wait", async () => {
    const gateway = openGateway({ local: { small: { path: join(folder, "small.gguf"), queue: 1 } } });
    const held = await gateway.call(testCall(gateway, { model: "local/small", text: "endless", stream: true }));
    const waiting = ask(gateway, "say hello");
    await expect(ask(gateway, "say no")).rejects.toMatchObject({ code: "provider_busy" });
    if (held.kind === "stream") await held.leave();
    expect(textOf(await waiting)).toBe("hello");
  });

  test("that dies in an answer breaks the stream off, and the next call has a new one", async () => {
    const gateway = openGateway();
    const before = textOf(await ask(gateway, "pid"));
    const heard = await hear(gateway, "crash");
    expect(heard).toContain('"content":"Well"');
    expect(heard).toContain("The process of local/small died (SIGKILL)");
    expect(heard).not.toContain("[DONE]");
    expect(textOf(await ask(gateway, "pid"))).not.toBe(before);
  });

  test("that is killed while nobody asks is started again", async () => {
    const gateway = openGateway();
    const pid = Number(textOf(await ask(gateway, "pid")));
    process.kill(pid, "SIGKILL");
    await expect.poll(() => isAlive(pid)).toBe(false);
    expect(Number(textOf(await ask(gateway, "pid")))).not.toBe(pid);
  });

  test("stops when the caller goes away, and is the same afterwards", async () => {
    const gateway = openGateway();
    const pid = textOf(await ask(gateway, "pid"));
    const reply = await gateway.call(testCall(gateway, { model: "local/small", text: "endless", stream: true }));
    if (reply.kind === "whole") throw new Error("no stream");
    for await (const { text } of reply.texts) if (text.includes("on")) break;
    await reply.leave();
    expect(reply.outcome()).toMatchObject({ error: { code: "provider_failed" }, answer: { finish: "unknown" } });
    expect(textOf(await ask(gateway, "pid"))).toBe(pid);
  });

  test("that does not stop is ended, at the deadline too", async () => {
    const local = { small: { path: join(folder, "small.gguf"), clocks: { gapMs: 200 } } };
    const gateway = openGateway({ local });
    const pid = Number(textOf(await ask(gateway, "pid")));
    expect(await hear(gateway, "hang")).toContain("deadline_exceeded");
    expect(Number(textOf(await ask(gateway, "pid")))).not.toBe(pid);
    expect(isAlive(pid)).toBe(false);
  });

  test("ends when nobody asked for a while, and with the gateway", async () => {
    const gateway = openGateway({ local: { small: { path: join(folder, "small.gguf"), idleSeconds: 1 } } });
    const pid = Number(textOf(await ask(gateway, "pid")));
    expect(isAlive(pid)).toBe(true);
    await expect.poll(() => isAlive(pid)).toBe(false);
    const next = Number(textOf(await ask(gateway, "pid")));
    gateway.close();
    await expect.poll(() => isAlive(next)).toBe(false);
  });

  test("says what is wrong with the model, and what failed in it", async () => {
    const gateway = openGateway({ local: { small: { path: join(folder, "broken.gguf") } } });
    await expect(ask(gateway, "say hello")).rejects.toMatchObject({
      code: "provider_failed",
      message: "local/small failed: this is no GGUF file",
    });
    await expect(ask(openGateway(), "fail")).rejects.toMatchObject({ message: "local/small failed: out of memory" });
  });
});

describe("at the start", () => {
  test("a package that is not installed, and a file that is not there, are told by name", () => {
    const empty = mkdtempSync(join(tmpdir(), "millrace-test-empty-"));
    try {
      expect(() => openLocalGateway(empty)).toThrow(`run "npm install node-llama-cpp" in ${empty}`);
      expect(() => openLocalGateway(folder, { local: { small: { path: join(folder, "none.gguf") } } })).toThrow(
        `gateway.local.small.path names ${join(folder, "none.gguf")}, and there is no such file`,
      );
    } finally {
      rmSync(empty, { recursive: true, force: true });
    }
  });

  test("names are checked: a target that is not there, a class of data, a provider of the same name", () => {
    const local = { small: { path: "small.gguf", dataClasses: ["unheard-of"] } };
    const provider = { dialect: "openai", baseUrl: "https://llm.example.com/v1" };
    const parsed = configSchema.safeParse({ local, models: { mine: ["local/large"] }, providers: { local: provider } });
    expect(parsed.error?.issues.map(({ path }) => path.join("."))).toEqual(["providers.local", "local.small.dataClasses.0"]);
    expect(configSchema.safeParse({ local: { small: { path: "a" } }, models: { mine: ["local/large"] } }).error?.issues).toMatchObject([
      { path: ["models", "mine", "targets", 0], message: 'there is no provider "local"' },
    ]);
  });

  test("a local model makes no embeddings", () => {
    const { embeddings } = openGateway();
    expect(() => embeddings.resolve("local/small")).toThrow("makes no embeddings");
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
