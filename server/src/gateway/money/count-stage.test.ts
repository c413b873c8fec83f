import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type ScriptedUpstream, scriptedText, startScriptedUpstream } from "../../../test/scripted-upstream.ts";
import { createEgress, createId, defaultProjectId, egressConfigSchema, silentLogger, systemClock } from "../../core/index.ts";
import { configSchema } from "../config.ts";
import { type Gateway, createGateway } from "../create.ts";
import type { CallOutcome, GatewayCall } from "../stage.ts";

let upstream: ScriptedUpstream;
let gateway: Gateway;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  const hosts = [{ host: "127.0.0.1", private: true, http: true, ports: [upstream.port] }];
  const provider = { baseUrl: `${upstream.origin}/v1`, attempts: 1, clocks: { totalMs: 20_000 } };
  gateway = createGateway({
    config: configSchema.parse({
      providers: { one: { ...provider, dialect: "openai" }, two: { ...provider, dialect: "anthropic" } },
      prices: ["one", "two"].map((each) => ({
        provider: each,
        model: "*",
        from: "2020-01-01",
        perMillion: { input: "1", output: "1000" },
      })),
    }),
    egress: createEgress({ config: egressConfigSchema.parse({ hosts }), logger: silentLogger }),
    clock: systemClock,
  });
});
afterEach(() => void upstream.requests.splice(0));
afterAll(async () => {
  gateway.close();
  await upstream.close();
});

function callOf(model: string, stream: boolean): GatewayCall {
  const body = { model, stream, messages: [{ role: "user", content: "hello world" }] };
  return {
    origin: { projectId: defaultProjectId, principalId: "key:test", function: `model:${model}`, address: null },
    dialect: "openai-chat",
    body,
    request: gateway.dialect("openai-chat").parseRequest(body),
    resolved: gateway.resolve(model),
    evidence: { step: () => {}, elapsed: () => 0 },
    signal: new AbortController().signal,
    startedAt: performance.now(),
    inferenceId: createId(),
  };
}

/** How a call ended that its caller heard so many pieces of. */
async function ask(model: string, stream: boolean, pieces = Number.POSITIVE_INFINITY): Promise<CallOutcome> {
  const reply = await gateway.call(callOf(model, stream));
  if (reply.kind === "whole") return reply.outcome;
  let heard = 0;
  for await (const { isLast } of reply.texts) if (isLast || ++heard === pieces) break;
  const outcome = reply.outcome();
  await reply.leave();
  return outcome;
}

/** Ten tokens for two words: four for a message, and four for the whole. */
const input = 10;
const output = 10;

describe("what a provider does not tell is counted here", () => {
  test.each([false, true])("and the cost is of that count, marked so; stream: %s", async (stream) => {
    const { answer, cost } = await ask("one/no-usage", stream);
    expect(answer).toMatchObject({ content: [{ text: scriptedText }], usage: { input, output, from: "tokenizer" } });
    expect(cost).toMatchObject({ amount: "0.01001", currency: "USD", from: "tokenizer" });
  });

  test.each([false, true])("and what it tells stays as it tells it; stream: %s", async (stream) => {
    const { answer, cost } = await ask("one/ok", stream);
    expect(answer!.usage).toMatchObject({ output: 9, from: "provider" });
    expect(cost!.from).toBe("provider");
  });

  test.each(["one/reset-after:5", "two/reset-after:5"])("of a stream that breaks off (%s), as far as it came", async (model) => {
    const { answer, cost, error } = await ask(model, true);
    expect(error).toMatchObject({ code: "provider_failed" });
    const { usage } = answer!;
    expect(usage!.from).toBe("tokenizer");
    expect(usage!.output).toBeGreaterThan(0);
    expect(usage!.output).toBeLessThan(output);
    expect(cost!.amount).not.toBeNull();
  });

  test("of a stream that its caller left", async () => {
    const { answer, cost } = await ask("one/slow-between:20", true, 4);
    expect(answer!.usage).toMatchObject({ input, from: "tokenizer" });
    expect(answer!.usage!.output).toBeLessThan(output);
    expect(cost!.amount).not.toBeNull();
  });
});
