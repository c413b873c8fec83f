import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { GatewayCall } from "../stage.ts";
import type { ChatRequest } from "../types.ts";
import { keysOf } from "./request-keys.ts";

const base: ChatRequest = {
  model: "careful",
  dialect: "openai-chat",
  system: [{ type: "text", text: "Be brief" }],
  messages: [
    { role: "user", content: [{ type: "text", text: "Hi" }] },
    { role: "assistant", content: [{ type: "text", text: "Hello" }] },
    { role: "user", content: [{ type: "text", text: "What is 2 + 2?" }] },
  ],
  stream: false,
  maxTokens: 10,
  temperature: 0,
  foreign: {},
};

function callOf(request: Partial<ChatRequest>, more: { targets?: string[]; function?: string; choose?: string } = {}): GatewayCall {
  return {
    origin: { projectId: "p", principalId: "ada", function: more.function ?? "model:careful", address: null },
    request: { ...base, ...request },
    resolved: {
      name: "careful",
      targets: (more.targets ?? ["one/m"]).map((name) => ({ name })),
      totalMs: 1,
      alias: { choose: more.choose ?? "order" },
    },
  } as unknown as GatewayCall;
}

const exactOf = (call: GatewayCall) => keysOf(call, "principal")!.exact;
const own = exactOf(callOf({}));

test.each([
  ["whether it streams", { stream: true }],
  ["the name of the end user", { user: "ada" }],
  ["metadata", { metadata: { ticket: "7" } }],
  ["the dialect, where nothing in it is its own", { dialect: "anthropic-messages" }],
  [
    "how the stream is told and filed",
    { foreign: { stream_options: { include_obfuscation: false }, prompt_cache_key: "a", safety_identifier: "b" } },
  ],
  ["a mark for the provider's cache", { system: [{ type: "text", text: "Be brief", cache: { type: "ephemeral" } }] }],
] as [string, Partial<ChatRequest>][])("%s is not in the key", (_what, request) => {
  expect(exactOf(callOf(request))).toBe(own);
});

test.each([
  ["the system prompt", { system: [{ type: "text", text: "Be long" }] }],
  ["a message", { messages: base.messages.slice(1) }],
  ["the bound of the answer", { maxTokens: 11 }],
  ["the temperature", { temperature: 0.5 }],
  ["top p", { topP: 0.5 }],
  ["top k", { topK: 5 }],
  ["the seed", { seed: 1 }],
  ["stops", { stop: ["a"] }],
  ["tools", { tools: [{ name: "look_up", parameters: { properties: { cache: { type: "string" } } } }] }],
  ["the choice of tools", { toolChoice: { kind: "any" } }],
  ["parallel tools", { parallelTools: false }],
  ["the output's schema", { format: { kind: "json" } }],
  ["reasoning", { reasoning: { kind: "off" } }],
  ["log probabilities", { logProbabilities: { top: 2 } }],
  ["a field that only the provider knows", { foreign: { logit_bias: { 5: 1 } } }],
] as [string, Partial<ChatRequest>][])("%s is in the key", (_what, request) => {
  expect(exactOf(callOf(request))).not.toBe(own);
});

test("a tool's own parameter named cache is in the key", () => {
  const tool = (type: string): Partial<ChatRequest> => ({ tools: [{ name: "look_up", parameters: { properties: { cache: { type } } } }] });
  expect(exactOf(callOf(tool("string")))).not.toBe(exactOf(callOf(tool("number"))));
});

test("the betas of an Anthropic client are in the key", () => {
  expect(exactOf({ ...callOf({}), betas: ["context-1m"] })).not.toBe(own);
});

test.each([
  ["several answers", { n: 2 }],
  ["sound", { modalities: ["audio"] }],
  ["a conversation that the provider holds", { conversation: "conv_1" }],
  ["a thread that it holds", { thread: { type: "create" } }],
])("a question for %s has none", (_what, foreign) => {
  expect(keysOf(callOf({ foreign }), "principal")).toBeNull();
});

test("who may answer, and for which function, is in the key", () => {
  const others = [callOf({}, { targets: ["two/m"] }), callOf({}, { targets: ["one/m", "two/m"] }), callOf({}, { function: "triage" })];
  expect(new Set([own, ...others.map(exactOf)]).size).toBe(4);
});

test("what a rule may choose a target by is in the key where there are rules", () => {
  const keyOf = (request: Partial<ChatRequest>) => exactOf(callOf(request, { choose: "rules" }));
  const keys = [{}, { stream: true }, { user: "ada" }, { metadata: { tier: "gold" } }].map(keyOf);
  expect(new Set(keys).size).toBe(4);
});

test("questions of one group differ in the words of the last message alone, and only those are words", () => {
  const last = (text: string) => [...base.messages.slice(0, -1), { role: "user" as const, content: [{ type: "text" as const, text }] }];
  const [first, second] = [keysOf(callOf({}), "principal")!, keysOf(callOf({ messages: last("And 3 + 3?") }), "principal")!];
  expect([first.question, second.question]).toEqual(["What is 2 + 2?", "And 3 + 3?"]);
  expect(first.group).toBe(second.group);
  expect(first.exact).not.toBe(second.exact);
  expect(keysOf(callOf({ maxTokens: 11 }), "principal")!.group).not.toBe(first.group);
  expect(keysOf(callOf({ messages: last("And 3 + 3?").slice(1) }), "principal")!.group).not.toBe(first.group);
  const picture = { type: "image" as const, source: { kind: "url" as const, url: "https://a" } };
  expect(keysOf(callOf({ messages: [{ role: "user", content: [picture] }] }), "principal")!.group).toBeNull();
});

test("texts that differ never have one key", () => {
  const texts = fc.array(fc.string(), { minLength: 1, maxLength: 4 });
  const keyOf = (parts: readonly string[]) =>
    exactOf(callOf({ messages: [{ role: "user", content: parts.map((text) => ({ type: "text" as const, text })) }] }));
  fc.assert(
    fc.property(texts, texts, (one, other) => {
      expect(keyOf(one) === keyOf(other)).toBe(JSON.stringify(one) === JSON.stringify(other));
    }),
  );
});
