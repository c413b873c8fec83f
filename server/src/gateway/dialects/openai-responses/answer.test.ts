import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AnswerContext, ChatAnswer } from "../../types.ts";
import { openaiResponses } from "./index.ts";
import { chatAnswers } from "./test-generators.ts";

const { parseAnswer, writeAnswer } = openaiResponses;
const context: AnswerContext = { model: "m", created: 1_760_000_000, includeUsage: false };
const answer: ChatAnswer = { id: "resp_1", model: "m", content: [{ type: "text", text: "Hi" }], finish: "stop", usage: null };
const write = (fields: Partial<ChatAnswer>, asked?: Record<string, unknown>) =>
  writeAnswer({ ...answer, ...fields }, { ...context, ...(asked && { asked }) }) as Record<string, any>;
const parse = (fields: Record<string, unknown>) => parseAnswer({ id: "resp_1", model: "m", status: "completed", output: [], ...fields });

describe("an answer", () => {
  test("is the same after it was written and parsed", () => {
    fc.assert(
      fc.property(chatAnswers, (one) => {
        expect(parseAnswer(JSON.parse(JSON.stringify(writeAnswer(one, { ...context, model: one.model }))))).toEqual(one);
      }),
      { numRuns: 100 },
    );
  });

  test("as the API gives it is understood", () => {
    const found = parse({
      output: [
        {
          id: "rs_1",
          type: "reasoning",
          summary: [
            { type: "summary_text", text: "a" },
            { type: "summary_text", text: "b" },
          ],
          encrypted_content: "gAAA",
        },
        { id: "rs_2", type: "reasoning", summary: [] },
        { id: "ws_1", type: "web_search_call", status: "completed" },
        {
          id: "msg_1",
          type: "message",
          role: "assistant",
          status: "completed",
          content: [
            {
              type: "output_text",
              text: "Hi",
              annotations: [],
              logprobs: [{ token: "Hi", logprob: -0.5, bytes: [72, 105], top_logprobs: [] }],
            },
            { type: "refusal", refusal: "No" },
          ],
        },
        { id: "fc_1", type: "function_call", call_id: "call_1", name: "f", arguments: "{}", status: "completed" },
      ],
      usage: {
        input_tokens: 9,
        input_tokens_details: { cached_tokens: 4 },
        output_tokens: 5,
        output_tokens_details: { reasoning_tokens: 2 },
        total_tokens: 14,
      },
    });
    expect(found).toEqual({
      id: "resp_1",
      model: "m",
      content: [
        { type: "thinking", text: "a\n\nb", signature: "openai-responses:gAAA" },
        {
          type: "foreign",
          dialect: "openai-responses",
          path: "output.2",
          value: { id: "ws_1", type: "web_search_call", status: "completed" },
        },
        { type: "text", text: "Hi" },
        { type: "refusal", text: "No" },
        { type: "tool-call", id: "call_1", name: "f", arguments: "{}" },
      ],
      finish: "tool-calls",
      usage: { input: 9, output: 5, cachedInput: 4, cacheWrite: null, reasoning: 2, from: "provider" },
      logProbabilities: [{ token: "Hi", value: -0.5 }],
    });
  });

  test.each([
    [{ status: "incomplete", incomplete_details: { reason: "max_output_tokens" } }, "length"],
    [{ status: "incomplete", incomplete_details: { reason: "content_filter" } }, "filter"],
    [{ status: "incomplete", incomplete_details: { reason: "something new" } }, "unknown"],
    [{ status: "incomplete", incomplete_details: null }, "unknown"],
    [{ status: "completed" }, "stop"],
    [{ status: undefined }, "unknown"],
  ])("with %j ended for the reason %s", (fields, finish) => {
    expect(parse(fields).finish).toBe(finish);
  });

  test("that has only begun, in the background, is no empty one", () => {
    expect(parse({ status: "queued" }).content).toEqual([
      { type: "foreign", dialect: "openai-responses", path: "status", value: "queued" },
    ]);
  });

  test.each([
    ["says it failed", { status: "failed", error: { code: "server_error", message: "out of order" } }, "out of order"],
    ["was cancelled", { status: "cancelled" }, "cancelled"],
    ["has no output", { output: undefined }, "output"],
    ["has a call without a name", { output: [{ type: "function_call", call_id: "a", arguments: "" }] }, "output.0.name"],
  ])("that %s is the provider's failure", (_what, fields, message) => {
    expect(() => parse(fields)).toThrow(expect.objectContaining({ code: "provider_failed", message: expect.stringContaining(message) }));
  });
});

describe("a written answer", () => {
  test("is whole as the API would give it", () => {
    expect(write({ usage: { input: 3, output: 2, cachedInput: null, cacheWrite: null, reasoning: null, from: "provider" } })).toEqual({
      id: "resp_1",
      object: "response",
      created_at: 1_760_000_000,
      status: "completed",
      background: false,
      error: null,
      incomplete_details: null,
      instructions: null,
      max_output_tokens: null,
      metadata: {},
      model: "m",
      output: [
        {
          id: "msg_resp_1_0",
          type: "message",
          status: "completed",
          role: "assistant",
          content: [{ type: "output_text", text: "Hi", annotations: [], logprobs: [] }],
        },
      ],
      parallel_tool_calls: true,
      previous_response_id: null,
      reasoning: { effort: null, summary: null },
      store: false,
      temperature: null,
      text: { format: { type: "text" } },
      tool_choice: "auto",
      tools: [],
      top_p: null,
      truncation: "disabled",
      usage: {
        input_tokens: 3,
        input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
        output_tokens: 2,
        output_tokens_details: { reasoning_tokens: 0 },
        total_tokens: 5,
      },
      user: null,
    });
  });

  test("repeats what was asked for, and nothing else of it", () => {
    const asked = {
      instructions: "Be brief",
      temperature: 0.5,
      tools: [{ type: "function", name: "f" }],
      input: "secret",
      reasoning: { effort: "low" },
    };
    const { input: _, ...repeated } = asked;
    const found = write({}, asked);
    expect(found).toMatchObject({ ...repeated, reasoning: { effort: "low", summary: null } });
    expect(found).not.toHaveProperty("input");
  });

  test.each([
    ["length", "max_output_tokens"],
    ["pause", "max_output_tokens"],
    ["filter", "content_filter"],
    ["refusal", "content_filter"],
  ] as const)("that ended for %s is incomplete, and its last item too", (finish, reason) => {
    expect(write({ finish })).toMatchObject({ status: "incomplete", incomplete_details: { reason }, output: [{ status: "incomplete" }] });
  });

  test("that ended for nobody knows what is not complete", () => {
    expect(write({ finish: "unknown" })).toMatchObject({ status: "incomplete", incomplete_details: null });
  });

  test("has a mark on a thought that nobody signed, by which it is left out when it is sent back", () => {
    const output = write({ content: [{ type: "thinking", text: "hm" }, ...answer.content] })["output"] as unknown[];
    expect(output[0]).toMatchObject({ type: "reasoning", encrypted_content: "millrace:" });
    const { messages } = openaiResponses.parseRequest({ model: "m", input: [{ role: "user", content: "a" }, ...output] });
    expect(messages[1]).toEqual({ role: "assistant", content: answer.content });
  });

  test("leaves out what another dialect's provider alone says", () => {
    const foreign = { type: "foreign" as const, dialect: "anthropic-messages" as const, path: "content.0", value: {} };
    expect(write({ content: [foreign, ...answer.content] })["output"]).toHaveLength(1);
  });

  test("has items with names of their own, however long the answer's is", () => {
    const content: ChatAnswer["content"] = [
      { type: "thinking", text: "a" },
      { type: "text", text: "b" },
      { type: "tool-call", id: "x", name: "f", arguments: "" },
      { type: "text", text: "c" },
    ];
    const ids = (write({ id: "r".repeat(200), content })["output"] as { id: string }[]).map(({ id }) => id);
    expect(new Set(ids).size).toBe(4);
    for (const id of ids) expect(id.length).toBeLessThanOrEqual(64);
  });
});
