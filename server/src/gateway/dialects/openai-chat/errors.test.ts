import { describe, expect, test } from "vitest";
import { toCallerError } from "./errors.ts";
import { openaiChat } from "./index.ts";

const { parseError, writeError, writeStreamError } = openaiChat;

describe("a provider's error", () => {
  test("of OpenAI is understood", () => {
    const body = { error: { message: "Incorrect API key provided.", type: "invalid_request_error", param: null, code: "invalid_api_key" } };
    expect(parseError(401, body)).toEqual({
      status: 401,
      kind: "authentication",
      message: "Incorrect API key provided.",
      code: "invalid_api_key",
    });
  });

  test.each([
    [400, "invalid_request"],
    [401, "authentication"],
    [403, "permission"],
    [404, "not_found"],
    [408, "timeout"],
    [413, "too_large"],
    [422, "invalid_request"],
    [429, "rate_limit"],
    [500, "server"],
    [502, "server"],
    [503, "overloaded"],
    [504, "timeout"],
    [529, "overloaded"],
    [302, "unknown"],
  ])("with status %i is of the kind %s, whatever its body", (status, kind) => {
    for (const body of ["", null, { error: { message: "x", type: "server_error" } }])
      expect(parseError(status, body)).toMatchObject({ status, kind });
  });

  test.each<[unknown, string]>([
    [{ error: "model is loading" }, "model is loading"],
    [{ message: "no such model", code: 404 }, "no such model"],
    [{ detail: "Not Found" }, "Not Found"],
    [{ error: { odd: true } }, '{"odd":true}'],
    ["  upstream connect error\n", "upstream connect error"],
    ["", "The provider answered with status 500."],
    [{ error: 5 }, "The provider answered with status 500."],
    [undefined, "The provider answered with status 500."],
  ])("in another shape, %j, has a message", (body, message) => {
    expect(parseError(500, body).message).toBe(message);
  });

  test("is never longer than can be read", () => {
    expect(parseError(502, "<html>".repeat(10_000)).message).toHaveLength(2000);
  });
});

describe("an error for a caller", () => {
  const error = { status: 422, code: "untranslatable", message: "No top_k here.", inferenceId: "i-1" };

  test("has OpenAI's shape, and the inference it belongs to", () => {
    expect(writeError(error)).toEqual({
      error: { message: "No top_k here.", type: "invalid_request_error", param: null, code: "untranslatable", inferenceId: "i-1" },
    });
  });

  test.each([
    [400, "invalid_request_error"],
    [401, "authentication_error"],
    [403, "permission_error"],
    [404, "invalid_request_error"],
    [429, "rate_limit_error"],
    [500, "server_error"],
    [503, "server_error"],
  ])("with status %i is of the type %s", (status, type) => {
    expect(writeError({ ...error, status })).toMatchObject({ error: { type } });
  });

  test("inside a stream is the same, and the reader knows it", () => {
    const text = writeStreamError({ ...error, status: 502 });
    expect(text).toBe(`data: ${JSON.stringify(writeError({ ...error, status: 502 }))}\n\n`);
    expect(openaiChat.createReader().push({ event: "", data: text.slice("data: ".length).trim() })).toEqual([
      { type: "error", error: { status: null, kind: "server", message: "No top_k here.", code: "untranslatable" } },
    ]);
  });

  test.each([
    ["rate_limit", "provider_busy"],
    ["overloaded", "provider_busy"],
    ["invalid_request", "provider_refused"],
    ["too_large", "provider_refused"],
    ["authentication", "provider_failed"],
    ["server", "provider_failed"],
  ] as const)("made from the provider's %s is %s", (kind, code) => {
    expect(toCallerError({ status: null, kind, message: "x" })).toMatchObject({ code, message: "x" });
  });
});
