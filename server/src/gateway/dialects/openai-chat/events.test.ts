import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createEventParser } from "../../sse/parse-events.ts";
import type { AnswerContext, ChatEvent } from "../../types.ts";
import { openaiChat } from "./index.ts";
import { chatStreams } from "./test-generators.ts";

const context: AnswerContext = { model: "m", created: 1_760_000_000, includeUsage: true };
const usage = { input: 9, output: 12, cachedInput: null, cacheWrite: null, reasoning: null, from: "provider" } as const;

function readText(sse: string): ChatEvent[] {
  const parser = createEventParser();
  const reader = openaiChat.createReader();
  const events = parser.push(new TextEncoder().encode(sse)).flatMap((event) => reader.push(event));
  return [...events, ...reader.end()];
}

/** Data of events, as a provider sends it. */
const readData = (...data: unknown[]) =>
  readText(data.map((item) => `data: ${typeof item === "string" ? item : JSON.stringify(item)}\n\n`).join(""));

const choice = (delta: Record<string, unknown>, finish_reason: string | null = null) => ({
  id: "c",
  model: "m",
  choices: [{ index: 0, delta, logprobs: null, finish_reason }],
});

function writeAll(events: readonly ChatEvent[], includeUsage = true): string {
  const writer = openaiChat.createWriter({ ...context, includeUsage });
  return events.map((event) => writer.write(event)).join("");
}

const dataOf = (sse: string) =>
  sse
    .split("\n\n")
    .slice(0, -1)
    .map((event) => event.slice("data: ".length))
    .map((data): any => (data === "[DONE]" ? data : JSON.parse(data)));

const start: ChatEvent = { type: "start", id: "c", model: "m" };

describe("a stream", () => {
  test("is the same after it was written, parsed and read", () => {
    fc.assert(
      fc.property(chatStreams, (events) => {
        const { model } = events[0] as ChatEvent & { type: "start" };
        const writer = openaiChat.createWriter({ ...context, model });
        expect(readText(events.map((event) => writer.write(event)).join(""))).toEqual(events);
      }),
      { numRuns: 100 },
    );
  });

  test("as the API sends it is understood", () => {
    const head =
      '"id":"chatcmpl-123","object":"chat.completion.chunk","created":1694268190,"model":"gpt-4o-mini","system_fingerprint":"fp_44709d6fcb"';
    const lines = [
      `{${head},"choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"x"}`,
      `{${head},"choices":[{"index":0,"delta":{"content":"Hello"},"logprobs":{"content":[{"token":"Hello","logprob":-0.3,"bytes":[72],"top_logprobs":[]}],"refusal":null},"finish_reason":null}],"usage":null}`,
      `{${head},"choices":[{"index":0,"delta":{"content":"!"},"logprobs":null,"finish_reason":null}],"usage":null}`,
      `{${head},"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}],"usage":null}`,
      `{${head},"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":12,"total_tokens":21}}`,
      "[DONE]",
    ];
    expect(readData(...lines)).toEqual([
      { type: "start", id: "chatcmpl-123", model: "gpt-4o-mini" },
      { type: "text", part: 0, text: "Hello", logProbabilities: [{ token: "Hello", value: -0.3 }] },
      { type: "text", part: 0, text: "!" },
      { type: "finish", finish: "stop" },
      { type: "usage", usage },
      { type: "end" },
    ]);
  });

  test("gathers calls by their index, also when their pieces are mixed", () => {
    const calls = (...tool_calls: unknown[]) => choice({ tool_calls });
    const events = readData(
      choice({ role: "assistant", content: null }),
      calls({ index: 0, id: "a", type: "function", function: { name: "f", arguments: "" } }),
      calls(
        { index: 0, function: { arguments: '{"x":' } },
        { index: 1, id: "b", type: "function", function: { name: "g", arguments: "{}" } },
      ),
      calls({ index: 0, id: "a", function: { arguments: "1}" } }),
      choice({}, "tool_calls"),
      "[DONE]",
    );
    expect(events.slice(1)).toEqual([
      { type: "tool-call", part: 0, id: "a", name: "f" },
      { type: "arguments", part: 0, text: '{"x":' },
      { type: "tool-call", part: 1, id: "b", name: "g" },
      { type: "arguments", part: 1, text: "{}" },
      { type: "arguments", part: 0, text: "1}" },
      { type: "finish", finish: "tool-calls" },
      { type: "end" },
    ]);
  });

  test.each([
    ["without an index", {}],
    ["with one index for all", { index: 0 }],
  ])("understands calls %s", (_what, at) => {
    const events = readData(
      choice({ tool_calls: [{ ...at, id: "a", function: { name: "f", arguments: "1" } }] }),
      choice({ tool_calls: [{ ...at, id: "b", function: { name: "g", arguments: "2" } }] }),
      choice({ tool_calls: [{ ...at, function: { arguments: "3" } }] }),
    );
    expect(events.slice(1)).toEqual([
      { type: "tool-call", part: 0, id: "a", name: "f" },
      { type: "arguments", part: 0, text: "1" },
      { type: "tool-call", part: 1, id: "b", name: "g" },
      { type: "arguments", part: 1, text: "2" },
      { type: "arguments", part: 1, text: "3" },
    ]);
  });

  test("begins a part where the kind changes", () => {
    const events = readData(
      choice({ reasoning_content: "hm" }),
      choice({ content: "a" }),
      choice({ reasoning_content: "oh" }),
      choice({ refusal: "no" }),
    );
    expect(events.slice(1)).toEqual([
      { type: "thinking", part: 0, text: "hm" },
      { type: "text", part: 1, text: "a" },
      { type: "thinking", part: 2, text: "oh" },
      { type: "refusal", part: 3, text: "no" },
    ]);
  });

  test("whose usage is a running count gives the last, once; also when it is cut", () => {
    const counted = (completion_tokens: number) => ({ ...choice({ content: "a" }), usage: { prompt_tokens: 9, completion_tokens } });
    const counts = (events: ChatEvent[]) => events.filter(({ type }) => type === "usage");
    expect(counts(readData(counted(11), counted(12), "[DONE]"))).toEqual([{ type: "usage", usage }]);
    expect(counts(readData(counted(11), counted(12)))).toEqual([{ type: "usage", usage }]);
  });

  test("finishes once, for the reason it gave first", () => {
    const finishes = readData(choice({ content: "a" }), choice({}, "length"), choice({}, "stop"), "[DONE]").filter(
      ({ type }) => type === "finish",
    );
    expect(finishes).toEqual([{ type: "finish", finish: "length" }]);
  });

  test("that is cut has no end", () => {
    expect(readData(choice({ content: "a" }), choice({}, "stop")).map(({ type }) => type)).toEqual(["start", "text", "finish"]);
  });

  test("begins with the first choice, not with what a filter says before", () => {
    expect(readData({ id: "", model: "", choices: [], prompt_filter_results: [] }, choice({ content: "a" }))[0]).toEqual(start);
  });

  test("says nothing after its end, and not for empty data", () => {
    expect(readData("", "[DONE]", choice({ content: "late" }), "[DONE]")).toEqual([{ type: "end" }]);
  });

  test.each<[string, unknown, Record<string, unknown>]>([
    [
      "an error of OpenAI's",
      { error: { message: "The server had an error", type: "server_error", param: null, code: null } },
      { kind: "server", message: "The server had an error", code: "server_error" },
    ],
    ["an error with a status as code", { error: { message: "slow down", code: 429 } }, { kind: "rate_limit", code: "429" }],
    ["an error in plain text", { error: "out of memory" }, { kind: "unknown", message: "out of memory" }],
    ["text that is no JSON", "{broken", { kind: "server" }],
    ["JSON that is no object", "[1]", { kind: "server" }],
    ["content that is no text", choice({ content: 5 }), { kind: "server" }],
    ["calls that are no list", choice({ tool_calls: "x" }), { kind: "server" }],
    ["a call nobody began", choice({ tool_calls: [{ index: 3, function: { arguments: "1" } }] }), { kind: "server" }],
    [
      "arguments that are no text",
      choice({ tool_calls: [{ index: 0, id: "a", function: { name: "f", arguments: {} } }] }),
      { kind: "server" },
    ],
    ["a second choice", { choices: [{ index: 1, delta: { content: "b" } }] }, { kind: "server" }],
  ])("ends with an error at %s, and with nothing after it", (_what, data, error) => {
    const events = readData(choice({ content: "a" }), data, choice({ content: "late" }), "[DONE]");
    expect(events.at(-1)).toMatchObject({ type: "error", error: { status: null, ...error } });
    expect(events.filter(({ type }) => type === "error" || type === "end")).toHaveLength(1);
  });

  test("ends with an error at an event of that name", () => {
    expect(readText("event: error\ndata: gone\n\n")).toEqual([
      { type: "error", error: { status: null, kind: "unknown", message: "gone" } },
    ]);
  });

  test("never throws, whatever it holds", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ choices: fc.jsonValue(), usage: fc.jsonValue(), id: fc.jsonValue() })),
        fc.jsonValue(),
        (chunks, delta) => {
          const events = readData(
            ...chunks,
            { choices: [{ delta }] },
            { choices: [{ delta: { tool_calls: delta, content: delta } }] },
            "[DONE]",
          );
          expect(events.filter(({ type }) => type === "end" || type === "error")).toHaveLength(1);
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe("a written stream", () => {
  test("is what the API would send", () => {
    const events: ChatEvent[] = [
      start,
      { type: "text", part: 0, text: "Hi" },
      { type: "tool-call", part: 1, id: "a", name: "f" },
      { type: "arguments", part: 1, text: "{}" },
      { type: "finish", finish: "tool-calls" },
      { type: "usage", usage },
      { type: "end" },
    ];
    const envelope = { id: "c", object: "chat.completion.chunk", created: 1_760_000_000, model: "m" };
    const chunk = (delta: unknown, finish_reason: string | null = null) => ({
      ...envelope,
      choices: [{ index: 0, delta, logprobs: null, finish_reason }],
      usage: null,
    });
    expect(dataOf(writeAll(events))).toEqual([
      chunk({ role: "assistant", content: "" }),
      chunk({ content: "Hi" }),
      chunk({ tool_calls: [{ index: 0, id: "a", type: "function", function: { name: "f", arguments: "" } }] }),
      chunk({ tool_calls: [{ index: 0, function: { arguments: "{}" } }] }),
      chunk({}, "tool_calls"),
      { ...envelope, choices: [], usage: { prompt_tokens: 9, completion_tokens: 12, total_tokens: 21 } },
      "[DONE]",
    ]);
  });

  test("holds usage only where it was asked for", () => {
    const text = writeAll([start, { type: "finish", finish: "stop" }, { type: "usage", usage }, { type: "end" }], false);
    expect(text).not.toContain("usage");
    expect(text.endsWith("data: [DONE]\n\n")).toBe(true);
  });

  test("holds usage after the finish, and the last only, when another dialect counts before it", () => {
    const early: ChatEvent[] = [
      start,
      { type: "usage", usage: { ...usage, output: 1 } },
      { type: "usage", usage },
      { type: "finish", finish: "stop" },
      { type: "end" },
    ];
    expect(dataOf(writeAll(early)).slice(-2)).toEqual([
      expect.objectContaining({ choices: [], usage: expect.objectContaining({ completion_tokens: 12 }) }),
      "[DONE]",
    ]);
    expect(dataOf(writeAll(early)).filter((chunk) => chunk.usage)).toHaveLength(1);
  });

  test("numbers calls from 0, whatever parts stand between them", () => {
    const events: ChatEvent[] = [
      start,
      { type: "thinking", part: 0, text: "t" },
      { type: "tool-call", part: 1, id: "a", name: "f" },
      { type: "text", part: 2, text: "x" },
      { type: "tool-call", part: 3, id: "b", name: "g" },
      { type: "arguments", part: 3, text: "1" },
    ];
    const indexes = dataOf(writeAll(events))
      .flatMap((chunk) => chunk.choices[0].delta.tool_calls ?? [])
      .map((call) => call.index);
    expect(indexes).toEqual([0, 1, 1]);
  });

  test("says nothing of signatures and redacted thoughts", () => {
    expect(
      writeAll([
        { type: "signature", part: 0, signature: "s" },
        { type: "redacted-thinking", part: 1, data: "x" },
      ]),
    ).toBe("");
  });

  test("ends with an error when the provider's does", () => {
    const error = { status: null, kind: "overloaded", message: "Overloaded" } as const;
    expect(dataOf(writeAll([start, { type: "error", error }])).at(-1)).toEqual({
      error: { message: "Overloaded", type: "server_error", param: null, code: "provider_busy", inferenceId: null },
    });
  });

  test("is one line of JSON an event, whatever the text holds", () => {
    const text = '\n\r\n"\u2028data: [DONE]\n\n';
    expect(readText(writeAll([start, { type: "text", part: 0, text }]))).toEqual([start, { type: "text", part: 0, text }]);
  });
});
