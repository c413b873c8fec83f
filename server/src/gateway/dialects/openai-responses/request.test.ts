import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ChatRequest, ContentPart } from "../../types.ts";
import { openaiResponses } from "./index.ts";
import { chatRequests } from "./test-generators.ts";

const { parseRequest, writeRequest } = openaiResponses;
const parse = (fields: Record<string, unknown>) => parseRequest({ model: "m", input: "Hello", ...fields });
const parseInput = (...input: unknown[]) => parseRequest({ model: "m", input }).messages;
const foreign = (fields: Record<string, unknown>) => parse(fields).foreign;

function thrown(act: () => unknown): { code: string; message: string; details: { fields: string[] } } {
  try {
    act();
  } catch (error) {
    return error as ReturnType<typeof thrown>;
  }
  throw new Error("nothing was thrown");
}

const canonical: ChatRequest = {
  model: "one/m",
  dialect: "anthropic-messages",
  system: [],
  messages: [{ role: "user", content: [{ type: "text", text: "Hello" }] }],
  stream: false,
  maxTokens: null,
  foreign: {},
};
const write = (request: Partial<ChatRequest>) => writeRequest({ ...canonical, ...request }, "m");
const fieldsOf = (request: Partial<ChatRequest>) => thrown(() => write(request)).details.fields;
const said = (...content: ContentPart[]) => [{ role: "assistant" as const, content }];
const asked = (...content: ContentPart[]) => [{ role: "user" as const, content }];

describe("a request", () => {
  test("is the same after it was written and parsed", () => {
    fc.assert(
      fc.property(chatRequests, (request) => {
        expect(parseRequest(JSON.parse(JSON.stringify(writeRequest(request, request.model))))).toEqual(request);
      }),
      { numRuns: 100 },
    );
  });

  test("that is only text is one message of the user", () => {
    expect(parse({ instructions: "Be brief" })).toEqual({
      model: "m",
      dialect: "openai-responses",
      system: [{ type: "text", text: "Be brief" }],
      messages: [{ role: "user", content: [{ type: "text", text: "Hello" }] }],
      stream: false,
      maxTokens: null,
      foreign: {},
    });
  });

  test("of a second turn is understood: what was thought, said and called in a row is one message, and so are outputs", () => {
    const output = { type: "function_call_output", status: "completed" };
    const { system, messages } = parseRequest({
      model: "m",
      input: [
        { role: "developer", content: "Be brief" },
        {
          role: "user",
          content: [
            { type: "input_text", text: "Weather?" },
            { type: "input_image", detail: "auto", image_url: "data:image/png;base64,AA==" },
          ],
        },
        { id: "rs_1", type: "reasoning", summary: [{ type: "summary_text", text: "Two places" }], encrypted_content: "gAAA" },
        {
          id: "msg_1",
          type: "message",
          role: "assistant",
          status: "completed",
          content: [{ type: "output_text", text: "Let me see", annotations: [], logprobs: [] }],
        },
        { id: "fc_1", type: "function_call", call_id: "a", name: "look_up", arguments: '{"city":"Bern"}', status: "completed" },
        { id: "fc_2", type: "function_call", call_id: "b", name: "look_up", arguments: "{}", status: "completed" },
        { ...output, call_id: "a", output: "rain" },
        { ...output, call_id: "b", output: [{ type: "input_file", filename: "b.pdf", file_data: "data:application/pdf;base64,AA==" }] },
      ],
    });
    expect(system).toEqual([{ type: "text", text: "Be brief" }]);
    expect(messages).toEqual([
      {
        role: "user",
        content: [
          { type: "text", text: "Weather?" },
          { type: "image", detail: "auto", source: { kind: "data", mediaType: "image/png", data: "AA==" } },
        ],
      },
      {
        role: "assistant",
        content: [
          { type: "thinking", text: "Two places", signature: "openai-responses:gAAA" },
          { type: "text", text: "Let me see" },
          { type: "tool-call", id: "a", name: "look_up", arguments: '{"city":"Bern"}' },
          { type: "tool-call", id: "b", name: "look_up", arguments: "{}" },
        ],
      },
      {
        role: "user",
        content: [
          { type: "tool-result", callId: "a", content: [{ type: "text", text: "rain" }] },
          {
            type: "tool-result",
            callId: "b",
            content: [{ type: "file", name: "b.pdf", source: { kind: "data", mediaType: "application/pdf", data: "AA==" } }],
          },
        ],
      },
    ]);
  });

  test("keeps what only OpenAI knows, under the name of its place", () => {
    const hosted = { type: "web_search" };
    const typed = { type: "allowed_tools", mode: "auto", tools: [] };
    expect(
      foreign({
        previous_response_id: "resp_1",
        conversation: "conv_1",
        store: true,
        background: true,
        tools: [{ type: "function", name: "f", parameters: null, strict: null }, hosted],
        tool_choice: typed,
        text: { format: { type: "grammar" }, verbosity: "low" },
        reasoning: { effort: "low", summary: "auto" },
        include: ["reasoning.encrypted_content", "web_search_call.results"],
        stream_options: { include_obfuscation: true },
        top_logprobs: 2,
        user: "u",
        safety_identifier: "s",
        x_new: [1],
      }),
    ).toEqual({
      previous_response_id: "resp_1",
      conversation: "conv_1",
      store: true,
      background: true,
      "tools.1": hosted,
      tool_choice: typed,
      "text.format": { type: "grammar" },
      "text.verbosity": "low",
      "reasoning.summary": "auto",
      include: ["web_search_call.results"],
      "stream_options.include_obfuscation": true,
      top_logprobs: 2,
      safety_identifier: "s",
      x_new: [1],
    });
  });

  test("does not mind what says nothing", () => {
    const nothing = {
      store: false,
      background: false,
      truncation: "disabled",
      service_tier: "auto",
      conversation: null,
      temperature: null,
    };
    expect(
      foreign({ ...nothing, text: { format: { type: "text" }, verbosity: null }, stream_options: { include_obfuscation: false } }),
    ).toEqual({});
  });

  test("that goes on from what lies at OpenAI needs no input", () => {
    expect(parseRequest({ model: "m", previous_response_id: "resp_1" }).messages).toEqual([]);
    expect(thrown(() => parseRequest({ model: "m" })).message).toContain("input: must be text or a list of items");
  });

  test.each<[string, unknown]>([
    ["an item held there", { type: "item_reference", id: "msg_1" }],
    ["a call of a hosted tool", { type: "web_search_call", id: "ws_1", status: "completed" }],
    ["a thought told by its id", { type: "reasoning", id: "rs_1", summary: [] }],
    ["a thought in two forms", { type: "reasoning", summary: [{ text: "a" }], content: [{ text: "b" }] }],
    ["a call with a field of its own", { type: "function_call", call_id: "a", name: "f", arguments: "", namespace: "n" }],
    ["an output with a field of its own", { type: "function_call_output", call_id: "a", output: "", caller: { type: "direct" } }],
    ["a message with a field of its own", { role: "assistant", content: "a", phase: "commentary" }],
    ["a system message between others", { role: "system", content: "Now be long" }],
  ])("keeps %s as it is, in its place", (_what, item) => {
    const messages = parseInput({ role: "user", content: "a" }, item, { role: "user", content: "b" });
    expect(messages[1]!.content).toEqual([{ type: "foreign", dialect: "openai-responses", path: "input.1", value: item }]);
    const { input } = writeRequest({ ...canonical, dialect: "openai-responses", messages }, "m") as { input: unknown[] };
    expect(input[1]).toEqual(item);
  });

  test.each<[unknown, unknown]>([
    [{ type: "input_audio", input_audio: {} }, undefined],
    [{ type: "input_text", text: "a", prompt_cache_breakpoint: { mode: "explicit" } }, undefined],
    [{ type: "input_image", detail: "auto" }, undefined],
    [{ type: "input_file", file_id: "f", file_url: "https://a.example/b" }, undefined],
    [
      { type: "input_file", file_url: "https://a.example/b" },
      { type: "file", source: { kind: "url", url: "https://a.example/b" } },
    ],
    [
      { type: "input_image", file_id: "f" },
      { type: "image", source: { kind: "id", id: "f" } },
    ],
  ])("reads the part %j, or keeps it as it is", (part, known) => {
    const kept = { type: "foreign", dialect: "openai-responses", path: "input.0.content.0", value: part };
    expect(parseInput({ role: "user", content: [part] })[0]!.content).toEqual([known ?? kept]);
  });

  test.each<[string, Record<string, unknown>]>([
    ["model", { model: "" }],
    ["input", { input: 5 }],
    ["input.0.role", { input: [{ role: "tool", content: "a" }] }],
    ["input.0.content", { input: [{ role: "user" }] }],
    ["input.0.content.0.image_url", { input: [{ role: "user", content: [{ type: "input_image", image_url: "data:broken" }] }] }],
    ["input.0.call_id", { input: [{ type: "function_call", name: "f", arguments: "" }] }],
    ["tools.0.name", { tools: [{ type: "function" }] }],
    ["tool_choice", { tool_choice: "sometimes" }],
    ["text.format.name", { text: { format: { type: "json_schema" } } }],
    ["max_output_tokens", { max_output_tokens: 0 }],
    ["tools.0", { "tools.0": {} }],
  ])("that is wrong at %s is refused with the place", (path, fields) => {
    expect(thrown(() => parse(fields))).toMatchObject({ code: "invalid_request", message: expect.stringContaining(path) });
  });
});

describe("a request of another dialect", () => {
  test("is not kept at OpenAI, and its thoughts come with what they need to be sent back", () => {
    expect(write({ reasoning: { kind: "effort", effort: "low" } })).toEqual({
      model: "m",
      input: [{ type: "message", role: "user", content: [{ type: "input_text", text: "Hello" }] }],
      store: false,
      reasoning: { effort: "low" },
      include: ["reasoning.encrypted_content"],
    });
  });

  test("has tools and a schema that are as strict as it says", () => {
    const format = { kind: "schema" as const, name: "s", schema: {} };
    const body = write({
      tools: [
        { name: "f", parameters: {} },
        { name: "g", parameters: {}, strict: true },
      ],
      format,
    });
    expect(body).toMatchObject({ tools: [{ strict: false }, { strict: true }], text: { format: { strict: false } } });
  });

  test("says of a tool that failed that it did", () => {
    const outputs = (content: ContentPart[]) =>
      (write({ messages: asked({ type: "tool-result", callId: "a", content, failed: true }) }) as { input: { output: unknown }[] })
        .input[0]!.output;
    expect(outputs([{ type: "text", text: "no such city" }])).toBe("Error: no such city");
    expect(outputs([])).toBe("Error");
    const image = { type: "image" as const, source: { kind: "url" as const, url: "https://a.example/b.png" } };
    expect(outputs([image])).toEqual([
      { type: "input_text", text: "Error" },
      { type: "input_image", detail: "auto", image_url: "https://a.example/b.png" },
    ]);
  });

  test.each<[string, Partial<ChatRequest>]>([
    ["stop_sequences", { stop: ["."] }],
    ["seed", { seed: 1 }],
    ["top_k", { topK: 4 }],
    ["thinking.budget_tokens", { reasoning: { kind: "budget", tokens: 9 } }],
    ["container", { foreign: { container: "c" } }],
    ["messages.0.name", { messages: [{ role: "user", name: "Ann", content: [{ type: "text", text: "a" }] }] }],
    ["messages.0.content.0", { messages: said({ type: "thinking", text: "a" }) }],
    ["messages.0.content.0", { messages: said({ type: "thinking", text: "a", signature: "of another" }) }],
    ["messages.0.content.0", { messages: said({ type: "redacted-thinking", data: "of another" }) }],
    ["messages.0.content.0", { messages: said({ type: "image", source: { kind: "url", url: "https://a.example" } }) }],
    ["messages.0.content.0", { messages: asked({ type: "image", source: { kind: "id", id: "f" } }) }],
    ["messages.0.content.0", { messages: asked({ type: "refusal", text: "no" }) }],
    ["messages.3", { messages: asked({ type: "foreign", dialect: "openai-chat", path: "messages.3", value: {} }) }],
  ])("with %s is refused, naming it", (field, request) => {
    expect(fieldsOf(request)).toEqual([field]);
  });

  test("of the other format of OpenAI may name its files, and calls its stops so", () => {
    const messages = asked({ type: "file", source: { kind: "id", id: "file-1" } });
    expect(write({ dialect: "openai-chat", messages })).toMatchObject({
      input: [{ content: [{ type: "input_file", file_id: "file-1" }] }],
    });
    expect(fieldsOf({ dialect: "openai-chat", stop: ["."] })).toEqual(["stop"]);
  });
});
