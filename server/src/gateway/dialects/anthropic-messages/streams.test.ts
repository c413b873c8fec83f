import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ChatEvent, SseEvent } from "../../types.ts";
import { anthropicMessages } from "./index.ts";
import { carriedEvents } from "./test-generators.ts";

/** What our writer writes, taken apart: one line of each field. */
function split(text: string): SseEvent[] {
  return text
    .split("\n\n")
    .filter((block) => block !== "")
    .map((block) => {
      const [, event, data] = /^event: (.*)\ndata: (.*)$/.exec(block)!;
      return { event: event!, data: data! };
    });
}

function written(events: readonly ChatEvent[]): SseEvent[] {
  const writer = anthropicMessages.createWriter({ model: startOf(events), created: 0, includeUsage: true });
  return split(events.map((event) => writer.write(event)).join(""));
}

function startOf(events: readonly ChatEvent[]): string {
  return events.find((event) => event.type === "start")?.model ?? "m";
}

function read(stream: readonly SseEvent[]): ChatEvent[] {
  const reader = anthropicMessages.createReader();
  return [...stream.flatMap((event) => reader.push(event)), ...reader.end()];
}

function sse(value: Record<string, unknown>): SseEvent {
  return { event: String(value["type"]), data: JSON.stringify(value) };
}

const started = sse({
  type: "message_start",
  message: {
    id: "msg_1",
    type: "message",
    model: "claude-x",
    content: [],
    usage: { input_tokens: 10, cache_read_input_tokens: 90, output_tokens: 1 },
  },
});
const start: ChatEvent = { type: "start", id: "msg_1", model: "claude-x" };

/** Checks order as a client would: each block opened, filled and stopped before the next, one reason, one end. */
function expectWellFormed(stream: readonly SseEvent[]): void {
  const types = stream.map((event) => event.event).join(" ");
  expect(types).toMatch(/^message_start( content_block_start( content_block_delta)* content_block_stop)* message_delta message_stop$/);
  let index = -1;
  for (const { event, data } of stream) {
    const value = JSON.parse(data) as { type: string; index?: number };
    expect(value.type).toBe(event);
    if (event === "content_block_start") index += 1;
    if (event.startsWith("content_block")) expect(value.index).toBe(index);
  }
}

/** What a client has put together at the end, part by part. */
function contents(stream: readonly SseEvent[]): string[] {
  const parts: string[] = [];
  for (const event of read(stream)) {
    if (event.type === "tool-call") parts[event.part] = `${event.name}:`;
    else if (event.type === "text" || event.type === "arguments") parts[event.part] = `${parts[event.part] ?? ""}${event.text}`;
  }
  return parts;
}

describe("a stream", () => {
  test("written and read again is the same, and well formed", () => {
    fc.assert(
      fc.property(carriedEvents, (events) => {
        const stream = written(events);
        expectWellFormed(stream);
        expect(read(stream)).toEqual(events);
      }),
    );
  });

  test("of the API is read as it came", () => {
    const stream = [
      started,
      sse({ type: "content_block_start", index: 0, content_block: { type: "thinking", thinking: "", signature: "" } }),
      { event: "ping", data: '{"type": "ping"}' },
      sse({ type: "content_block_delta", index: 0, delta: { type: "thinking_delta", thinking: "Hm." } }),
      sse({ type: "content_block_delta", index: 0, delta: { type: "signature_delta", signature: "c2ln" } }),
      sse({ type: "content_block_stop", index: 0 }),
      sse({ type: "content_block_start", index: 1, content_block: { type: "server_tool_use", id: "s", name: "web_search", input: {} } }),
      sse({ type: "content_block_delta", index: 1, delta: { type: "input_json_delta", partial_json: "{}" } }),
      sse({ type: "content_block_stop", index: 1 }),
      sse({ type: "content_block_start", index: 2, content_block: { type: "text", text: "" } }),
      sse({ type: "content_block_delta", index: 2, delta: { type: "text_delta", text: "Let me" } }),
      sse({ type: "content_block_delta", index: 2, delta: { type: "citations_delta", citation: {} } }),
      sse({ type: "content_block_stop", index: 2 }),
      sse({ type: "content_block_start", index: 3, content_block: { type: "tool_use", id: "toolu_1", name: "look", input: {} } }),
      sse({ type: "content_block_delta", index: 3, delta: { type: "input_json_delta", partial_json: "" } }),
      sse({ type: "content_block_delta", index: 3, delta: { type: "input_json_delta", partial_json: '{"a":' } }),
      sse({ type: "content_block_delta", index: 3, delta: { type: "input_json_delta", partial_json: "1}" } }),
      sse({ type: "content_block_stop", index: 3 }),
      sse({ type: "content_block_start", index: 4, content_block: { type: "redacted_thinking", data: "x" } }),
      sse({ type: "content_block_stop", index: 4 }),
      sse({ type: "message_delta", delta: { stop_reason: "tool_use", stop_sequence: null }, usage: { output_tokens: 33 } }),
      sse({ type: "of_tomorrow" }),
      sse({ type: "message_stop" }),
    ];
    expect(read(stream)).toEqual([
      start,
      { type: "thinking", part: 0, text: "Hm." },
      { type: "signature", part: 0, signature: "c2ln" },
      { type: "text", part: 1, text: "Let me" },
      { type: "tool-call", part: 2, id: "toolu_1", name: "look" },
      { type: "arguments", part: 2, text: '{"a":' },
      { type: "arguments", part: 2, text: "1}" },
      { type: "redacted-thinking", part: 3, data: "x" },
      { type: "finish", finish: "tool-calls" },
      { type: "usage", usage: { input: 100, output: 33, cachedInput: 90, cacheWrite: null, reasoning: null, from: "provider" } },
      { type: "end" },
    ]);
  });

  test("gives a call without arguments an empty object, and one with them at its start those", () => {
    const call = (index: number, input: unknown) => [
      sse({ type: "content_block_start", index, content_block: { type: "tool_use", id: `t${index}`, name: "n", input } }),
      sse({ type: "content_block_delta", index, delta: { type: "input_json_delta", partial_json: "" } }),
      sse({ type: "content_block_stop", index }),
    ];
    expect(contents([started, ...call(0, {}), ...call(1, { a: 1 })])).toEqual(["n:{}", 'n:{"a":1}']);
  });

  test("that is cut has no end, and counts what it can", () => {
    const usage = { input: 100, cachedInput: 90, cacheWrite: null, reasoning: null, from: "provider" };
    expect(read([started])).toEqual([start, { type: "usage", usage: { ...usage, output: null } }]);
    expect(read([started, sse({ type: "message_delta", delta: {}, usage: { output_tokens: 3 } })])).toEqual([
      start,
      { type: "usage", usage: { ...usage, output: 3 } },
    ]);
    expect(read([])).toEqual([]);
  });

  test("that ends without a reason has an unknown one, and nothing after its end", () => {
    expect(read([started, sse({ type: "message_stop" }), started]).map((event) => event.type)).toEqual(["start", "finish", "usage", "end"]);
    expect(read([sse({ type: "message_stop" })])).toEqual([{ type: "finish", finish: "unknown" }, { type: "end" }]);
  });

  test("carries the provider's error", () => {
    const stream = [started, sse({ type: "error", error: { type: "overloaded_error", message: "Overloaded" } })];
    expect(read(stream)[1]).toEqual({
      type: "error",
      error: { status: null, kind: "overloaded", message: "Overloaded", code: "overloaded_error" },
    });
  });

  test("with malformed data has an error event in its place", () => {
    const broken = [
      { event: "content_block_delta", data: '{"type":"content_block_delta","index":0,' },
      { event: "", data: "[1]" },
      sse({ type: "message_start" }),
      sse({ type: "content_block_start", index: 0 }),
      sse({ type: "content_block_delta", index: 7, delta: { type: "text_delta", text: "a" } }),
    ];
    for (const event of broken) expect(read([event])).toMatchObject([{ type: "error", error: { status: null, kind: "server" } }]);
    const text = sse({ type: "content_block_start", index: 0, content_block: { type: "text", text: "a" } });
    const delta = sse({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: 5 } });
    expect(read([text, delta]).map((event) => event.type)).toEqual(["text", "error"]);
  });

  test("of anything at all never throws", () => {
    const names = [
      "message_start",
      "content_block_start",
      "content_block_delta",
      "content_block_stop",
      "message_delta",
      "message_stop",
      "error",
    ];
    const kinds = ["text", "thinking", "tool_use", "redacted_thinking", "text_delta", "input_json_delta", "signature_delta", "x"];
    const inner = fc.oneof(
      fc.jsonValue(),
      fc.dictionary(
        fc.constantFrom("type", "text", "id", "name", "input", "data", "usage"),
        fc.oneof(fc.constantFrom(...kinds), fc.jsonValue()),
      ),
    );
    const value = fc.record(
      {
        type: fc.constantFrom(...names),
        index: fc.constantFrom(0, 1, "a"),
        message: inner,
        content_block: inner,
        delta: inner,
        usage: inner,
        error: inner,
      },
      { requiredKeys: ["type"] },
    );
    const event = fc.oneof(value.map(sse), fc.record({ event: fc.constantFrom("", ...names), data: fc.string() }));
    fc.assert(fc.property(fc.array(event, { maxLength: 12 }), (events) => Array.isArray(read(events))));
  });
});

describe("a stream of another dialect", () => {
  const whole: ChatEvent[] = [{ type: "finish", finish: "tool-calls" }, { type: "end" }];

  test("whose calls are interleaved is written one block after the other", () => {
    const stream = written([
      start,
      { type: "text", part: 0, text: "Now." },
      { type: "tool-call", part: 1, id: "a", name: "first" },
      { type: "tool-call", part: 2, id: "b", name: "second" },
      { type: "arguments", part: 1, text: '{"x":' },
      { type: "arguments", part: 2, text: '{"y":{}' },
      { type: "arguments", part: 1, text: "1}" },
      { type: "arguments", part: 2, text: "}" },
      { type: "tool-call", part: 3, id: "c", name: "third" },
      { type: "arguments", part: 3, text: "{}" },
      ...whole,
    ]);
    expectWellFormed(stream);
    expect(contents(stream)).toEqual(["Now.", 'first:{"x":1}', 'second:{"y":{}}', "third:{}"]);
  });

  test("whose first call never becomes whole has the others after it, each in one piece", () => {
    const stream = written([
      start,
      { type: "tool-call", part: 0, id: "a", name: "first" },
      { type: "tool-call", part: 1, id: "b", name: "second" },
      { type: "tool-call", part: 2, id: "c", name: "third" },
      { type: "arguments", part: 2, text: '{"z":' },
      { type: "arguments", part: 1, text: '{"y":1}' },
      { type: "arguments", part: 2, text: "2}" },
      ...whole,
    ]);
    expectWellFormed(stream);
    expect(contents(stream)).toEqual(["first:{}", 'second:{"y":1}', 'third:{"z":2}']);
  });

  test("keeps every piece of every part, in whatever order they come", () => {
    const calls = fc.array(
      fc.jsonValue().map((value) => JSON.stringify({ value })),
      { minLength: 1, maxLength: 4 },
    );
    fc.assert(
      fc.property(calls, fc.infiniteStream(fc.nat()), (texts, choices) => {
        const events: ChatEvent[] = texts.map((_, part) => ({ type: "tool-call", part, id: `${part}`, name: "n" }));
        const rest = texts.map((text) => text.split(""));
        while (rest.some((letters) => letters.length > 0)) {
          const open = rest.flatMap((letters, part) => (letters.length > 0 ? [part] : []));
          const part = open[choices.next().value % open.length]!;
          events.push({ type: "arguments", part, text: rest[part]!.shift()! });
        }
        const stream = written([start, ...events, ...whole]);
        expectWellFormed(stream);
        expect(contents(stream)).toEqual(texts.map((text) => `n:${text}`));
      }),
    );
  });

  test("shows a call at once when the one before it is whole", () => {
    const writer = anthropicMessages.createWriter({ model: "m", created: 0, includeUsage: true });
    writer.write(start);
    writer.write({ type: "tool-call", part: 0, id: "a", name: "first" });
    expect(writer.write({ type: "tool-call", part: 1, id: "b", name: "second" })).toBe("");
    expect(writer.write({ type: "arguments", part: 0, text: "{}" })).toContain('"second"');
    writer.write({ type: "arguments", part: 1, text: "{}" });
    expect(writer.write({ type: "tool-call", part: 2, id: "c", name: "third" })).toContain('"third"');
  });

  test("is well formed however little it holds, and a refusal is text", () => {
    for (const events of [[], [start], [{ type: "refusal", part: 0, text: "No." }]] as ChatEvent[][]) {
      expectWellFormed(written([...events, ...whole]));
    }
    expect(contents(written([{ type: "refusal", part: 0, text: "No." }, ...whole]))).toEqual(["No."]);
  });

  test("begins under the caller's name of the model with zeros, and ends with the counts whenever they came", () => {
    const usage = { input: 100, output: 3, cachedInput: 90, cacheWrite: null, reasoning: 2, from: "provider" } as const;
    const stream = written([
      start,
      { type: "usage", usage },
      { type: "text", part: 0, text: "a" },
      { type: "finish", finish: "stop", stopSequence: "." },
      { type: "end" },
    ]);
    expect(JSON.parse(stream[0]!.data)).toMatchObject({
      message: { model: "claude-x", role: "assistant", usage: { input_tokens: 0, output_tokens: 0 } },
    });
    expect(JSON.parse(stream.at(-2)!.data)).toEqual({
      type: "message_delta",
      delta: { stop_reason: "stop_sequence", stop_sequence: "." },
      usage: { input_tokens: 10, cache_read_input_tokens: 90, cache_creation_input_tokens: null, output_tokens: 3 },
    });
  });

  test("that is cut says nothing of an end", () => {
    expect(written([start, { type: "text", part: 0, text: "a" }]).map((event) => event.event)).toEqual([
      "message_start",
      "content_block_start",
      "content_block_delta",
    ]);
  });

  test("that fails has the API's error in it", () => {
    const error = { status: null, kind: "overloaded", message: "Busy." } as const;
    expect(JSON.parse(written([start, { type: "error", error }])[1]!.data)).toEqual({
      type: "error",
      error: { type: "overloaded_error", message: "Busy." },
    });
    expect(
      split(anthropicMessages.writeStreamError({ status: 502, code: "provider_failed", message: "Broke\noff.", inferenceId: "i" })),
    ).toEqual([
      { event: "error", data: JSON.stringify({ type: "error", error: { type: "api_error", message: "Broke\noff." }, request_id: "i" }) },
    ]);
  });
});
