import { array, assert, constantFrom, double, property, record, string } from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { createEgress, egressConfigSchema, silentLogger, systemClock } from "../../core/index.ts";
import { defineFunction } from "../../functions/index.ts";
import { type DialectName, configSchema, createGateway } from "../../gateway/index.ts";
import { functionInput } from "./function-input.ts";

const gateway = createGateway({
  config: configSchema.parse(undefined),
  egress: createEgress({ config: egressConfigSchema.parse(undefined), logger: silentLogger }),
  clock: systemClock,
});

function taking(input: z.ZodObject) {
  return defineFunction({
    name: "take",
    owner: "team",
    purpose: { objective: "Take", decision: "None", errors: [{ error: "none", cost: "none" }] },
    boundary: "May take.",
    input,
    output: z.object({ text: z.string() }),
    latencyBudgetMs: 10,
    variants: { rules: () => ({ text: "" }) },
    fallback: ["rules"],
  });
}

function inputOf(input: z.ZodObject, messages: readonly unknown[], dialect: DialectName = "openai-chat"): unknown {
  const chat = gateway.dialect(dialect).parseRequest({ model: "fn/take", max_tokens: 5, messages });
  return functionInput(taking(input), chat, (name) => gateway.dialect(name));
}

afterAll(() => gateway.close());

const dialects = constantFrom<DialectName>("openai-chat", "anthropic-messages");
const message = record({ role: constantFrom("user", "assistant"), content: string({ minLength: 1 }) });

describe("a conversation as a function's input", () => {
  test("is what the user said last, where that is JSON the function takes", () => {
    const input = z.object({ subject: z.string(), score: z.number(), tags: z.array(z.string()).optional() });
    const value = record({ subject: string(), score: double({ noNaN: true, noDefaultInfinity: true }), tags: array(string()) });
    assert(
      property(value, array(message, { maxLength: 3 }), dialects, (given, before, dialect) => {
        const text = JSON.stringify(given);
        expect(inputOf(input, [...before, { role: "user", content: text }], dialect)).toEqual(JSON.parse(text));
      }),
    );
  });

  test("is all messages as they came, where there is a field for them", () => {
    const input = z.object({ messages: z.array(z.object({ role: z.string(), content: z.string() })) });
    assert(
      property(array(message, { minLength: 1, maxLength: 5 }), (messages) => {
        expect(inputOf(input, messages)).toEqual({ messages });
      }),
    );
  });

  test("keeps images and calls of tools where the field takes them, as OpenAI writes them", () => {
    const input = z.object({ messages: z.array(z.looseObject({ role: z.string() })) });
    const call = { id: "call-1", type: "function", function: { name: "look_up", arguments: "{}" } };
    const messages = [
      {
        role: "user",
        content: [
          { type: "text", text: "What is it?" },
          { type: "image_url", image_url: { url: "https://example.org/a.png" } },
        ],
      },
      { role: "assistant", content: null, tool_calls: [call] },
      { role: "tool", tool_call_id: "call-1", content: "a cat" },
      { role: "user", content: "And?" },
    ];
    expect(inputOf(input, messages)).toEqual({ messages });
  });

  test("is the last text in the only field of text, be it JSON that does not fit", () => {
    const input = z.object({ text: z.string(), tone: z.enum(["kind", "curt"]).optional() });
    for (const text of ["Hello", '{"text": 3}', "{", '{"a"']) expect(inputOf(input, [{ role: "user", content: text }])).toEqual({ text });
  });

  test("is refused with what the function takes, where none of these fits", () => {
    const refused = (input: z.ZodObject, messages: readonly unknown[]) =>
      expect(() => inputOf(input, messages)).toThrow(expect.objectContaining({ code: "invalid_request" }));
    const user = { role: "user", content: "Hello" };
    refused(z.object({ a: z.string(), b: z.string() }), [user]);
    refused(z.object({ count: z.number() }), [user]);
    refused(z.object({ text: z.string(), count: z.number() }), [user]);
    refused(z.object({ text: z.string().max(3) }), [user]);
    refused(z.object({ text: z.string() }), [user, { role: "assistant", content: "Hello" }]);
    refused(z.object({ text: z.string() }), [
      { role: "user", content: [{ type: "image_url", image_url: { url: "https://example.org/a.png" } }] },
    ]);
    refused(z.object({ messages: z.array(z.object({ role: z.literal("owner") })) }), [user]);
  });
});
