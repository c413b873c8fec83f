import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AnswerContext, ChatAnswer } from "../../types.ts";
import { openaiChat } from "./index.ts";
import { chatAnswers } from "./test-generators.ts";

const { parseAnswer, writeAnswer } = openaiChat;
const context: AnswerContext = { model: "mine", created: 1_760_000_000, includeUsage: false };
const message = (fields: Record<string, unknown>, choice: Record<string, unknown> = {}) => ({
  id: "a",
  model: "m",
  choices: [{ index: 0, message: { role: "assistant", content: null, ...fields }, finish_reason: "stop", ...choice }],
});
const whole: ChatAnswer = { id: "a", model: "m", content: [{ type: "text", text: "x" }], finish: "stop", usage: null };
const firstChoice = (answer: ChatAnswer) => (writeAnswer(answer, context) as { choices: Record<string, unknown>[] }).choices[0]!;

/** As recorded from the API. */
const recorded = {
  id: "chatcmpl-B9MHDbslfkBeAs8l4bebGdFOJ6PeG",
  object: "chat.completion",
  created: 1741570283,
  model: "gpt-4o-2024-08-06",
  choices: [
    {
      index: 0,
      message: { role: "assistant", content: "The image shows a boardwalk.", refusal: null, annotations: [] },
      logprobs: {
        content: [
          { token: "The", logprob: -0.1, bytes: [84, 104, 101], top_logprobs: [{ token: "The", logprob: -0.1, bytes: [84, 104, 101] }] },
        ],
        refusal: null,
      },
      finish_reason: "stop",
    },
  ],
  usage: {
    prompt_tokens: 1117,
    completion_tokens: 46,
    total_tokens: 1163,
    prompt_tokens_details: { cached_tokens: 1024, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 12, audio_tokens: 0, accepted_prediction_tokens: 0, rejected_prediction_tokens: 0 },
  },
  service_tier: "default",
  system_fingerprint: "fp_fc9f1d7035",
};

describe("an answer", () => {
  test("is the same after it was written and parsed", () => {
    fc.assert(
      fc.property(chatAnswers, (answer) => {
        const written = writeAnswer(answer, { ...context, model: answer.model });
        expect(parseAnswer(JSON.parse(JSON.stringify(written)))).toEqual(answer);
      }),
      { numRuns: 100 },
    );
  });

  test("as the API sends it is understood, with its probabilities, counts and what only it knows", () => {
    expect(parseAnswer(recorded)).toEqual({
      id: "chatcmpl-B9MHDbslfkBeAs8l4bebGdFOJ6PeG",
      model: "gpt-4o-2024-08-06",
      content: [{ type: "text", text: "The image shows a boardwalk." }],
      finish: "stop",
      usage: { input: 1117, output: 46, cachedInput: 1024, cacheWrite: null, reasoning: 12, from: "provider" },
      logProbabilities: [{ token: "The", value: -0.1, top: [{ token: "The", value: -0.1 }] }],
      dialect: "openai-chat",
      foreign: { service_tier: "default", system_fingerprint: "fp_fc9f1d7035" },
    });
  });

  test("is written under the caller's name of the model, with the fields its dialect knows", () => {
    expect(writeAnswer(parseAnswer(recorded), context)).toMatchObject({
      id: "chatcmpl-B9MHDbslfkBeAs8l4bebGdFOJ6PeG",
      object: "chat.completion",
      created: 1_760_000_000,
      model: "mine",
      service_tier: "default",
      choices: [
        { index: 0, message: { role: "assistant", content: "The image shows a boardwalk.", refusal: null }, finish_reason: "stop" },
      ],
      usage: { prompt_tokens: 1117, completion_tokens: 46, total_tokens: 1163, prompt_tokens_details: { cached_tokens: 1024 } },
    });
  });

  test("with calls, thoughts or a refusal is understood", () => {
    const call = { id: "call_1", type: "function", function: { name: "get_weather", arguments: '{"city":"Paris"}' } };
    expect(parseAnswer(message({ tool_calls: [call] }, { finish_reason: "tool_calls" }))).toMatchObject({
      content: [{ type: "tool-call", id: "call_1", name: "get_weather", arguments: '{"city":"Paris"}' }],
      finish: "tool-calls",
    });
    expect(parseAnswer(message({ content: "9.8", reasoning_content: "compare the digits" })).content).toEqual([
      { type: "thinking", text: "compare the digits" },
      { type: "text", text: "9.8" },
    ]);
    expect(parseAnswer(message({ refusal: "I can't help with that." })).content).toEqual([
      { type: "refusal", text: "I can't help with that." },
    ]);
  });

  test("keeps further choices and what it does not know of the first for a caller of its own dialect, and from others", () => {
    const annotations = [{ type: "url_citation", url_citation: { url: "https://a.example" } }];
    const second = { index: 1, message: { role: "assistant", content: "b" }, finish_reason: "stop" };
    const body = message({ content: "a", annotations });
    const first = { ...body.choices[0], content_filter_results: { hate: { filtered: false } } };
    const answer = parseAnswer({ ...body, message: "beside", choices: [first, second] });
    const written = writeAnswer(answer, context);
    expect(written).toMatchObject({
      message: "beside",
      choices: [{ message: { content: "a", annotations }, content_filter_results: { hate: { filtered: false } } }, second],
    });
    expect(writeAnswer({ ...answer, dialect: "anthropic-messages" }, context)).toEqual(
      writeAnswer({ ...whole, content: answer.content }, context),
    );
  });

  test.each([
    ["stop", "stop"],
    ["length", "length"],
    ["tool_calls", "tool-calls"],
    ["function_call", "tool-calls"],
    ["content_filter", "filter"],
    ["toString", "unknown"],
    [null, "unknown"],
  ])("that ended with %s has ended so", (finish_reason, finish) => {
    expect(parseAnswer(message({ content: "x" }, { finish_reason })).finish).toBe(finish);
  });

  test.each([
    ["pause", "length"],
    ["refusal", "content_filter"],
    ["unknown", "stop"],
  ] as const)("of another dialect that ended with %s is never shown as more than it is", (finish, finish_reason) => {
    expect(firstChoice({ ...whole, finish })).toMatchObject({ finish_reason });
  });

  test("of another dialect is one text, one thought, and calls", () => {
    const content: ChatAnswer["content"] = [
      { type: "thinking", text: "a", signature: "s" },
      { type: "redacted-thinking", data: "x" },
      { type: "text", text: "b" },
      { type: "thinking", text: "c" },
      { type: "text", text: "d" },
    ];
    expect(firstChoice({ ...whole, content })["message"]).toEqual({
      role: "assistant",
      content: "bd",
      refusal: null,
      reasoning_content: "ac",
    });
  });

  test("without a count has none; a count that is no number is unknown", () => {
    expect(parseAnswer(message({ content: "x" })).usage).toBeNull();
    expect(writeAnswer(whole, context)).not.toHaveProperty("usage");
    expect(
      parseAnswer({ ...message({ content: "x" }), usage: { prompt_tokens: -1, completion_tokens: "7", prompt_tokens_details: 3 } }).usage,
    ).toEqual({
      input: null,
      output: null,
      cachedInput: null,
      cacheWrite: null,
      reasoning: null,
      from: "provider",
    });
  });

  test.each<[path: string, body: unknown]>([
    ["", "<html>"],
    ["choices", {}],
    ["choices", { choices: [] }],
    ["choices.0.message", { choices: [{}] }],
    ["choices.0.message.content", message({ content: [{ type: "text", text: "x" }] })],
    ["choices.0.message.tool_calls.0.function", message({ tool_calls: [{ id: "c" }] })],
  ])("is the provider's failure when it is malformed at %j", (path, body) => {
    expect(() => parseAnswer(body)).toThrow(
      expect.objectContaining({ code: "provider_failed", details: { issues: [{ path, message: expect.stringMatching(/\S/) }] } }),
    );
  });
});
