import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isAppError } from "../../../core/index.ts";
import type { AnswerContext, ChatAnswer, UpstreamError } from "../../types.ts";
import { anthropicMessages } from "./index.ts";
import { carriedAnswer } from "./test-generators.ts";

const { parseAnswer, writeAnswer, parseError, writeError } = anthropicMessages;

function context(model: string): AnswerContext {
  return { model, created: 0, includeUsage: true };
}

function sent(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

function failure(run: () => unknown) {
  try {
    run();
  } catch (error) {
    if (isAppError(error)) return error;
    throw error;
  }
  throw new Error("Nothing was thrown.");
}

const message = {
  id: "msg_01",
  type: "message",
  role: "assistant",
  model: "claude-x",
  content: [{ type: "text", text: "Hi.", citations: null }],
  stop_reason: "end_turn",
  stop_sequence: null,
  usage: {
    input_tokens: 5,
    cache_creation_input_tokens: 20,
    cache_read_input_tokens: 300,
    cache_creation: { ephemeral_5m_input_tokens: 20, ephemeral_1h_input_tokens: 0 },
    output_tokens: 7,
    service_tier: "standard",
  },
};

const answer: ChatAnswer = { id: "a", model: "m", content: [{ type: "text", text: "Hi." }], finish: "stop", usage: null };

describe("an answer", () => {
  test("written and read again is the same", () => {
    fc.assert(
      fc.property(carriedAnswer, (answer) => {
        expect(parseAnswer(sent(writeAnswer(answer, context(answer.model))))).toEqual(sent(answer));
      }),
    );
  });

  test("counts all of its prompt, and keeps what only this API counts", () => {
    expect(parseAnswer(message)).toEqual({
      id: "msg_01",
      model: "claude-x",
      dialect: "anthropic-messages",
      content: [{ type: "text", text: "Hi." }],
      finish: "stop",
      usage: { input: 325, output: 7, cachedInput: 300, cacheWrite: 20, reasoning: null, from: "provider" },
      foreign: { usage: { cache_creation: message.usage.cache_creation, service_tier: "standard" } },
    });
    expect(writeAnswer(parseAnswer(message), context("claude-x"))).toEqual({ ...message, content: [{ type: "text", text: "Hi." }] });
  });

  test("with blocks only this API knows keeps them, in their place", () => {
    const content = [
      { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: { query: "a" } },
      { type: "web_search_tool_result", tool_use_id: "srvtoolu_1", content: [] },
      { type: "text", text: "Found.", citations: [{ type: "web_search_result_location", url: "https://example.com" }] },
    ];
    const read = parseAnswer({ ...message, content });
    expect(read.content.map((part) => part.type === "foreign" && part.path)).toEqual(["content.0", "content.1", "content.2"]);
    expect(writeAnswer(read, context("claude-x"))).toMatchObject({ content });
  });

  test("says why it ended", () => {
    const reasons: [string | null, ChatAnswer["finish"]][] = [
      ["end_turn", "stop"],
      ["max_tokens", "length"],
      ["model_context_window_exceeded", "length"],
      ["tool_use", "tool-calls"],
      ["refusal", "refusal"],
      ["pause_turn", "pause"],
      ["of_tomorrow", "unknown"],
      [null, "unknown"],
    ];
    for (const [stop_reason, finish] of reasons) expect(parseAnswer({ ...message, stop_reason }).finish).toBe(finish);
    expect(parseAnswer({ ...message, stop_reason: "stop_sequence", stop_sequence: "\n\n" })).toMatchObject({
      finish: "stop",
      stopSequence: "\n\n",
    });
    expect(writeAnswer({ ...answer, finish: "filter" }, context("m"))).toMatchObject({ stop_reason: "refusal" });
    expect(writeAnswer({ ...answer, finish: "unknown" }, context("m"))).toMatchObject({ stop_reason: null });
  });

  test("of another dialect carries nothing of that dialect, and zeros where nobody counted", () => {
    const content: ChatAnswer["content"] = [
      { type: "text", text: "" },
      { type: "refusal", text: "No." },
      { type: "tool-call", id: "c", name: "n", arguments: "" },
    ];
    expect(writeAnswer({ ...answer, content, dialect: "openai-chat", foreign: { system_fingerprint: "fp" } }, context("alias"))).toEqual({
      id: "a",
      type: "message",
      role: "assistant",
      model: "alias",
      content: [
        { type: "text", text: "No." },
        { type: "tool_use", id: "c", name: "n", input: {} },
      ],
      stop_reason: "end_turn",
      stop_sequence: null,
      usage: { input_tokens: 0, cache_creation_input_tokens: null, cache_read_input_tokens: null, output_tokens: 0 },
    });
  });

  test("that cannot be given back is the provider's failure, and names the call", () => {
    const content: ChatAnswer["content"] = [{ type: "tool-call", id: "call_9", name: "n", arguments: '{"a":' }];
    const error = failure(() => writeAnswer({ ...answer, content }, context("m")));
    expect(error).toMatchObject({ code: "provider_failed", details: { fields: ["content.0.arguments"] } });
    expect(error.message).toContain('"call_9"');
  });

  test("that is none is the provider's failure, with the path", () => {
    const cases: [unknown, string][] = [
      [{ ...message, content: "Hi." }, "content"],
      [{ ...message, content: [{ type: "tool_use", id: "a", name: "b", input: "c" }] }, "content.0.input"],
      [{ ...message, id: undefined }, "id"],
      [null, ""],
    ];
    for (const [wrong, path] of cases) {
      expect(failure(() => parseAnswer(wrong))).toMatchObject({ code: "provider_failed", details: { issues: [{ path }] } });
    }
  });
});

describe("an error", () => {
  test("of the provider is known by its type, and without one by its status", () => {
    const said = (type: string) => ({ type: "error", error: { type, message: "Why." }, request_id: "req_1" });
    expect(parseError(529, said("overloaded_error"))).toEqual({
      status: 529,
      kind: "overloaded",
      message: "Why.",
      code: "overloaded_error",
    });
    expect(parseError(400, said("billing_error")).kind).toBe("permission");
    expect(parseError(500, said("timeout_error")).kind).toBe("timeout");
    expect(parseError(429, said("of_tomorrow"))).toMatchObject({ kind: "rate_limit", code: "of_tomorrow" });
    const statuses: [number, UpstreamError["kind"]][] = [
      [400, "invalid_request"],
      [401, "authentication"],
      [403, "permission"],
      [404, "not_found"],
      [413, "too_large"],
      [422, "invalid_request"],
      [429, "rate_limit"],
      [500, "server"],
      [502, "server"],
      [503, "overloaded"],
      [504, "timeout"],
      [301, "unknown"],
    ];
    for (const [status, kind] of statuses) expect(parseError(status, "<html>")).toEqual({ status, kind, message: "<html>" });
    for (const body of ["", null, [], {}, { error: "a" }, { error: { message: 5 } }]) {
      expect(parseError(502, body)).toEqual({ status: 502, kind: "server", message: "The provider gave no reason for its status 502." });
    }
  });

  test("for the caller has the type the API gives such a status", () => {
    const types: [number, string][] = [
      [400, "invalid_request_error"],
      [401, "authentication_error"],
      [403, "permission_error"],
      [404, "not_found_error"],
      [413, "request_too_large"],
      [415, "invalid_request_error"],
      [422, "invalid_request_error"],
      [429, "rate_limit_error"],
      [500, "api_error"],
      [502, "api_error"],
      [503, "overloaded_error"],
      [504, "timeout_error"],
      [529, "overloaded_error"],
    ];
    for (const [status, type] of types) {
      expect(writeError({ status, code: "c", message: "Why.", inferenceId: "inf" })).toEqual({
        type: "error",
        error: { type, message: "Why." },
        request_id: "inf",
      });
    }
  });

  test("keeps the details its clients act on, if they are short, and tells a thread that cannot be carried in their words", () => {
    const said = (details: unknown) => ({ type: "error", error: { type: "invalid_request_error", message: "Why.", details } });
    const details = { error_code: "thread_not_found" };
    expect(parseError(400, said(details)).details).toEqual(details);
    for (const other of [null, "text", { long: "x".repeat(2000) }, undefined])
      expect(parseError(400, said(other))).not.toHaveProperty("details");
    const error = { status: 422, code: "untranslatable", message: "Why.", inferenceId: null };
    expect(writeError({ ...error, details })).toMatchObject({ error: { details } });
    expect(writeError({ ...error, fields: ["seed", "thread"] })).toMatchObject({
      error: { details: { error_code: "thread_unsupported_request", unsupported: ["thread"] } },
    });
    expect(writeError({ ...error, fields: ["seed"] })).not.toHaveProperty("error.details");
  });

  test("of a provider with a status of its own that says more than its type", () => {
    const said = { type: "error", error: { type: "api_error", message: "Why." } };
    const kinds = [200, 500, 503, 504, 529].map((status) => parseError(status, said).kind);
    expect(kinds).toEqual(["server", "server", "overloaded", "timeout", "overloaded"]);
  });
});
