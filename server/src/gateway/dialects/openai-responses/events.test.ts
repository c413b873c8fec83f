import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createEventParser } from "../../sse/parse-events.ts";
import type { AnswerContext, ChatEvent } from "../../types.ts";
import { openaiResponses } from "./index.ts";
import { chatStreams } from "./test-generators.ts";

const context: AnswerContext = { model: "m", created: 1_760_000_000, includeUsage: false };
const usage = { input: 9, output: 12, cachedInput: 0, cacheWrite: 0, reasoning: 0, from: "provider" } as const;
const start: ChatEvent = { type: "start", id: "r", model: "m" };
const end: ChatEvent[] = [{ type: "finish", finish: "stop" }, { type: "end" }];

function readBytes(...pieces: Uint8Array[]): ChatEvent[] {
  const parser = createEventParser();
  const reader = openaiResponses.createReader();
  const events = pieces.flatMap((piece) => parser.push(piece)).flatMap((event) => reader.push(event));
  return [...events, ...reader.end()];
}

const bytesOf = (sse: string) => new TextEncoder().encode(sse);
const readText = (sse: string) => readBytes(bytesOf(sse));

/** Data of events, as a provider sends it: some give the name of the event only in it. */
const readData = (...data: unknown[]) =>
  readText(data.map((item) => `data: ${typeof item === "string" ? item : JSON.stringify(item)}\n\n`).join(""));

function writeAll(events: readonly ChatEvent[], model = "m"): string {
  const writer = openaiResponses.createWriter({ ...context, model });
  return events.map((event) => writer.write(event)).join("");
}

const dataOf = (sse: string) =>
  sse
    .split("\n\n")
    .slice(0, -1)
    .map((event) => JSON.parse(event.slice(event.indexOf("data: ") + 6)) as Record<string, any>);

const response = { id: "r", model: "m", status: "completed", output: [] };
const created = { type: "response.created", response: { ...response, status: "in_progress" } };
const completed = { type: "response.completed", response };
const textDelta = (delta: unknown, at: Record<string, unknown> = {}) => ({
  type: "response.output_text.delta",
  output_index: 0,
  content_index: 0,
  delta,
  ...at,
});
const item = (type: "added" | "done", item: Record<string, unknown>, output_index = 0) => ({
  type: `response.output_item.${type}`,
  output_index,
  item,
});
const call = (fields: Record<string, unknown> = {}) => ({ type: "function_call", call_id: "a", name: "f", arguments: "", ...fields });

describe("a stream", () => {
  test("is the same after it was written, parsed and read", () => {
    fc.assert(
      fc.property(chatStreams, (events) => {
        const { model } = events[0] as ChatEvent & { type: "start" };
        expect(readText(writeAll(events, model))).toEqual(events);
      }),
      { numRuns: 100 },
    );
  });

  test("cut at any byte gives the same events", () => {
    const events: ChatEvent[] = [
      start,
      { type: "thinking", part: 0, text: "Grüße" },
      { type: "signature", part: 0, signature: "openai-responses:x" },
      { type: "text", part: 1, text: "你好 🌍" },
      { type: "tool-call", part: 2, id: "a", name: "f" },
      { type: "arguments", part: 2, text: '{"città":1}' },
      { type: "finish", finish: "tool-calls" },
      { type: "usage", usage },
      { type: "end" },
    ];
    const bytes = bytesOf(writeAll(events));
    for (let at = 0; at <= bytes.length; at++) expect(readBytes(bytes.subarray(0, at), bytes.subarray(at))).toEqual(events);
  });

  test("gathers arguments by their item, also when their pieces are mixed", () => {
    const delta = (output_index: number, text: string) => ({ type: "response.function_call_arguments.delta", output_index, delta: text });
    const events = readData(
      created,
      item("added", call()),
      item("added", call({ call_id: "b", name: "g" }), 1),
      delta(0, "1"),
      delta(1, "2"),
      delta(0, "3"),
      { type: "response.function_call_arguments.done", output_index: 0, arguments: "13" },
      item("done", call({ arguments: "13" })),
      completed,
    );
    expect(events.slice(1)).toEqual([
      { type: "tool-call", part: 0, id: "a", name: "f" },
      { type: "tool-call", part: 1, id: "b", name: "g" },
      { type: "arguments", part: 0, text: "1" },
      { type: "arguments", part: 1, text: "2" },
      { type: "arguments", part: 0, text: "3" },
      { type: "finish", finish: "tool-calls" },
      { type: "end" },
    ]);
  });

  test("whose items come in one piece is read at their end", () => {
    const message = {
      type: "message",
      content: [
        { type: "output_text", text: "Hi" },
        { type: "refusal", refusal: "No" },
        { type: "output_text", text: "" },
      ],
    };
    const events = readData(
      created,
      item("done", { type: "reasoning", summary: [{ text: "a" }], encrypted_content: "e" }),
      item("done", message, 1),
      item("done", call({ arguments: "{}" }), 2),
      item("done", { type: "web_search_call" }, 3),
      item("done", { type: "reasoning", summary: [] }, 4),
    );
    expect(events.slice(1)).toEqual([
      { type: "thinking", part: 0, text: "a" },
      { type: "signature", part: 0, signature: "openai-responses:e" },
      { type: "text", part: 1, text: "Hi" },
      { type: "refusal", part: 2, text: "No" },
      { type: "tool-call", part: 3, id: "a", name: "f" },
      { type: "arguments", part: 3, text: "{}" },
      { type: "foreign", part: 4, dialect: "openai-responses", path: "output.3", value: { type: "web_search_call" } },
    ]);
  });

  test("keeps the summaries of a thought apart", () => {
    const summary = (summary_index: number, delta: string) => ({
      type: "response.reasoning_summary_text.delta",
      output_index: 0,
      summary_index,
      delta,
    });
    expect(
      readData(
        summary(0, "a"),
        summary(0, "b"),
        summary(1, "c"),
        item("done", { type: "reasoning", summary: [{ text: "ab" }, { text: "c" }] }),
      ),
    ).toEqual([
      { type: "thinking", part: 0, text: "a" },
      { type: "thinking", part: 0, text: "b" },
      { type: "thinking", part: 0, text: "\n\nc" },
    ]);
  });

  test("that is cut has no end, and says nothing after one", () => {
    expect(readData(created, textDelta("a")).map(({ type }) => type)).toEqual(["start", "text"]);
    expect(readData(created, textDelta("a"), completed, textDelta("late"), "[DONE]").map(({ type }) => type)).toEqual([
      "start",
      "text",
      "finish",
      "end",
    ]);
  });

  test("whose last word is that it is not complete says why", () => {
    const last = { type: "response.incomplete", response: { id: "r", model: "m", incomplete_details: { reason: "max_output_tokens" } } };
    expect(readData(textDelta("a"), last)).toContainEqual({ type: "finish", finish: "length" });
  });

  test.each<[string, unknown, Record<string, unknown>]>([
    [
      "an error of the API",
      { type: "error", code: "rate_limit_exceeded", message: "slow down" },
      { kind: "rate_limit", message: "slow down" },
    ],
    ["an error in the older shape", { type: "error", error: { code: "server_error", message: "oh" } }, { kind: "server", message: "oh" }],
    [
      "a response that failed",
      { type: "response.failed", response: { error: { code: "server_error", message: "oh" } } },
      { kind: "server", message: "oh" },
    ],
    ["text that is no JSON", "{broken", { kind: "server" }],
    ["JSON that is no object", "[1]", { kind: "server" }],
    ["text that is none", textDelta(5), { kind: "server" }],
    ["an item that is none", { type: "response.output_item.added", output_index: 0 }, { kind: "server" }],
    ["a call without a name", item("added", call({ name: undefined })), { kind: "server" }],
    [
      "arguments of a call nobody began",
      { type: "response.function_call_arguments.delta", output_index: 7, delta: "1" },
      { kind: "server" },
    ],
  ])("ends with an error at %s, and with nothing after it", (_what, data, error) => {
    const events = readData(created, textDelta("a"), data, textDelta("late"), completed);
    expect(events.at(-1)).toMatchObject({ type: "error", error: { status: null, ...error } });
    expect(events.filter(({ type }) => type === "error" || type === "end")).toHaveLength(1);
  });

  test("never throws, whatever it holds", () => {
    const kinds = [
      "response.output_text.delta",
      "response.output_item.added",
      "response.output_item.done",
      "response.function_call_arguments.delta",
      "response.completed",
      "error",
      "response.failed",
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...kinds),
        fc.jsonValue(),
        fc.constantFrom("message", "function_call", "reasoning", "x"),
        (type, any, of) => {
          const events = readData(
            { type, delta: any, item: any, response: any, output_index: any },
            item("done", { type: of, content: any, summary: any, arguments: any, call_id: any, name: any }),
            completed,
          );
          expect(events.filter((event) => event.type === "end" || event.type === "error")).toHaveLength(1);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe("a written stream", () => {
  test("has the events of the API in their order, numbered", () => {
    const written = dataOf(
      writeAll([
        start,
        { type: "thinking", part: 0, text: "hm" },
        { type: "text", part: 1, text: "Hi" },
        { type: "tool-call", part: 2, id: "a", name: "f" },
        { type: "arguments", part: 2, text: "{}" },
        { type: "finish", finish: "tool-calls" },
        { type: "usage", usage },
        { type: "end" },
      ]),
    );
    expect(written.map(({ sequence_number }) => sequence_number)).toEqual(written.map((_, index) => index));
    expect(written.map(({ type, output_index }) => [type.slice("response.".length), output_index])).toEqual([
      ["created", undefined],
      ["in_progress", undefined],
      ["output_item.added", 0],
      ["reasoning_summary_part.added", 0],
      ["reasoning_summary_text.delta", 0],
      ["reasoning_summary_text.done", 0],
      ["reasoning_summary_part.done", 0],
      ["output_item.done", 0],
      ["output_item.added", 1],
      ["content_part.added", 1],
      ["output_text.delta", 1],
      ["output_text.done", 1],
      ["content_part.done", 1],
      ["output_item.done", 1],
      ["output_item.added", 2],
      ["function_call_arguments.delta", 2],
      ["function_call_arguments.done", 2],
      ["output_item.done", 2],
      ["completed", undefined],
    ]);
  });

  test("ends with the response as if it had come whole", () => {
    fc.assert(
      fc.property(chatStreams, (events) => {
        const written = dataOf(writeAll(events));
        const last = written.at(-1)!;
        const done = written
          .filter(({ type }) => type === "response.output_item.done")
          .toSorted((a, b) => a["output_index"] - b["output_index"]);
        expect(last["response"].output).toEqual(done.map((event) => event["item"]));
        expect(last["type"]).toBe(`response.${last["response"].status}`);
        const { finish } = events.find(({ type }) => type === "finish") as ChatEvent & { type: "finish" };
        expect(openaiResponses.parseAnswer(last["response"]).finish).toBe(finish);
      }),
      { numRuns: 50 },
    );
  });

  test("that was not finished is not complete", () => {
    const last = dataOf(writeAll([start, { type: "text", part: 0, text: "Hi" }, { type: "end" }])).at(-1)!;
    expect(last).toMatchObject({ type: "response.incomplete", response: { status: "incomplete", output: [{ status: "incomplete" }] } });
  });

  test("that breaks off has failed, and then says the error", () => {
    const writer = openaiResponses.createWriter(context);
    writer.write(start);
    writer.write({ type: "text", part: 0, text: "Hi" });
    const [failed, error, ...others] = dataOf(writer.fail!({ status: 502, code: "provider_failed", message: "gone", inferenceId: "i" }));
    expect(failed).toMatchObject({
      type: "response.failed",
      response: { status: "failed", error: { code: "provider_failed", message: "gone" } },
    });
    expect(error).toEqual({
      type: "error",
      code: "provider_failed",
      message: "gone",
      param: null,
      sequence_number: failed!["sequence_number"] + 1,
      inferenceId: "i",
    });
    expect(others).toEqual([]);
  });

  test("does so too when the provider says an error", () => {
    const error = { status: null, kind: "overloaded", message: "Overloaded" } as const;
    expect(dataOf(writeAll([start, { type: "error", error }])).map(({ type }) => type)).toEqual([
      "response.created",
      "response.in_progress",
      "response.failed",
      "error",
    ]);
  });

  test("says nothing of what another dialect alone knows, nor of a call that never began", () => {
    expect(readText(writeAll([start, { type: "foreign", part: 0, dialect: "anthropic-messages", path: "", value: {} }, ...end]))).toEqual([
      start,
      ...end,
    ]);
    expect(readText(writeAll([start, { type: "arguments", part: 5, text: "1" }, ...end]))).toEqual([start, ...end]);
  });

  test("holds what this dialect alone knows, whole", () => {
    const value = { type: "web_search_call", id: "ws_1" };
    const events: ChatEvent[] = [start, { type: "foreign", part: 0, dialect: "openai-responses", path: "output.0", value }, ...end];
    expect(readText(writeAll(events))).toEqual(events);
  });
});
