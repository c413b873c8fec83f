import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isAppError } from "../../../core/index.ts";
import type { ChatMessage, ChatRequest } from "../../types.ts";
import { anthropicMessages } from "./index.ts";
import { carriedRequest } from "./test-generators.ts";

const { parseRequest, writeRequest } = anthropicMessages;

const plain: ChatRequest = { model: "m", system: [], messages: [], stream: false, maxTokens: 10, foreign: {} };
const body = { model: "claude", max_tokens: 100, messages: [{ role: "user", content: "Hello" }] };

function caught(run: () => unknown) {
  try {
    run();
  } catch (error) {
    if (isAppError(error)) return error;
    throw error;
  }
  throw new Error("Nothing was thrown.");
}

function fieldsOf(request: Partial<ChatRequest>): unknown {
  const error = caught(() => writeRequest({ ...plain, ...request }, "m"));
  expect(error.code).toBe("untranslatable");
  for (const field of error.details["fields"] as string[]) expect(error.message).toContain(field);
  return error.details["fields"];
}

/** As it arrives: over the wire. */
function sent(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

describe("a request", () => {
  test("written and read again is the same", () => {
    fc.assert(
      fc.property(carriedRequest, (request) => {
        const written = sent(writeRequest(request, request.model));
        expect(parseRequest(written)).toEqual(sent(request));
      }),
    );
  });

  test("read and written again is the same body, whatever the API may add", () => {
    const full = {
      model: "claude",
      max_tokens: 2000,
      system: [{ type: "text", text: "Be brief.", cache_control: { type: "ephemeral" } }],
      messages: [
        {
          role: "user",
          content: [
            { type: "image", source: { type: "url", url: "https://example.com/a.png" } },
            { type: "document", source: { type: "content", content: [{ type: "text", text: "a" }] }, citations: { enabled: true } },
            { type: "document", source: { type: "text", media_type: "text/plain", data: "Grüße" }, title: "Letter" },
            { type: "document", source: { type: "file", file_id: "file_1" }, context: "An old one." },
            { type: "text", text: "What is it?" },
          ],
        },
        {
          role: "assistant",
          content: [
            { type: "thinking", thinking: "Hm.", signature: "c2ln" },
            { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: { query: "letter" } },
            { type: "text", text: "A letter.", citations: [{ type: "char_location", cited_text: "Gr" }] },
            { type: "tool_use", id: "toolu_1", name: "archive", input: { box: 3 } },
          ],
        },
        {
          role: "user",
          content: [
            {
              type: "tool_result",
              tool_use_id: "toolu_1",
              content: [{ type: "search_result", source: "s", title: "t", content: [] }],
              is_error: true,
            },
          ],
        },
      ],
      stream: true,
      temperature: 0.5,
      tools: [
        { type: "web_search_20250305", name: "web_search", max_uses: 2 },
        { name: "archive", input_schema: { type: "object" }, cache_control: { type: "ephemeral" } },
        { name: "later", input_schema: { type: "object" }, defer_loading: true },
        { name: "last", input_schema: { type: "object" } },
      ],
      tool_choice: { type: "tool", name: "archive", disable_parallel_tool_use: true },
      thinking: { type: "adaptive", display: "summarized" },
      output_config: { effort: "high", format: { type: "json_schema", schema: { type: "object" } }, task_budget: { total: 9 } },
      metadata: { user_id: "u1", campaign: "c" },
      service_tier: "auto",
      container: { id: "c1" },
    };
    const request = parseRequest(full);
    expect(writeRequest(request, "claude")).toEqual(full);
    expect(Object.keys(request.foreign).toSorted()).toEqual([
      "container",
      "metadata",
      "output_config",
      "service_tier",
      "thinking",
      "tools.0",
      "tools.2",
    ]);
    expect(request.tools?.map((tool) => tool.name)).toEqual(["archive", "last"]);
    expect(request).toMatchObject({ user: "u1", parallelTools: false, reasoning: { kind: "effort", effort: "high" } });
  });

  test("of plain strings is read as parts of text", () => {
    expect(parseRequest({ ...body, system: "Be brief.", thinking: { type: "enabled", budget_tokens: 50 }, stop_sequences: ["."] })).toEqual(
      {
        model: "claude",
        dialect: "anthropic-messages",
        system: [{ type: "text", text: "Be brief." }],
        messages: [{ role: "user", content: [{ type: "text", text: "Hello" }] }],
        stream: false,
        maxTokens: 100,
        stop: ["."],
        reasoning: { kind: "budget", tokens: 50 },
        foreign: {},
      },
    );
  });

  test("is refused with the path of what is wrong", () => {
    const cases: [unknown, string][] = [
      [{ ...body, max_tokens: undefined }, "max_tokens"],
      [{ ...body, messages: [{ role: "system", content: "a" }] }, "messages.0.role"],
      [{ ...body, messages: [{ role: "user", content: [{ type: "text", text: 5 }] }] }, "messages.0.content.0.text"],
      [{ ...body, messages: [{ role: "user", content: [{ type: "image", source: { type: "url" } }] }] }, "messages.0.content.0.source.url"],
      [{ ...body, messages: [{ role: "user", content: [{ type: "tool_result" }] }] }, "messages.0.content.0.tool_use_id"],
      [
        { ...body, messages: [{ role: "user", content: [{ type: "tool_result", tool_use_id: "a", content: [{ type: "text" }] }] }] },
        "messages.0.content.0.content.0.text",
      ],
      [{ ...body, messages: [{ role: "user", content: [{ text: "a" }] }] }, "messages.0.content.0.type"],
      [{ ...body, messages: [{ role: "user", content: 5 }] }, "messages.0.content"],
      [{ ...body, system: [5] }, "system.0"],
      [{ ...body, tools: [{ name: "a" }] }, "tools.0.input_schema"],
      [{ ...body, "tools.0": { type: "bash" } }, "tools.0"],
      ["text", ""],
    ];
    for (const [wrong, path] of cases) {
      const error = caught(() => parseRequest(wrong));
      expect(error.code).toBe("invalid_request");
      expect(error.details["issues"]).toEqual([{ path, message: expect.any(String) }]);
    }
  });

  test("ignores what the API writes into answers to say nothing", () => {
    const content = [
      { type: "text", text: "a", citations: null },
      { type: "text", text: "b", citations: [] },
      { type: "tool_use", id: "t", name: "n", input: {}, caller: { type: "direct" } },
    ];
    expect(parseRequest({ ...body, messages: [{ role: "assistant", content }] }).messages[0]?.content).toEqual([
      { type: "text", text: "a" },
      { type: "text", text: "b" },
      { type: "tool-call", id: "t", name: "n", arguments: "{}" },
    ]);
  });

  test("takes the beta's name of the output format", () => {
    const format = { type: "json_schema", schema: { type: "object" } };
    expect(parseRequest({ ...body, output_format: format })).toMatchObject({
      format: { kind: "schema", schema: { type: "object" } },
      foreign: {},
    });
    expect(parseRequest({ ...body, output_format: { type: "grammar" } }).foreign).toEqual({ output_format: { type: "grammar" } });
    expect(parseRequest({ ...body, output_format: format, output_config: { format } }).foreign).toEqual({ output_format: format });
  });
});

describe("a request of another dialect", () => {
  test("gets a bound where it has none, with room for its thoughts", () => {
    expect(writeRequest({ ...plain, maxTokens: null }, "m")["max_tokens"]).toBe(4096);
    expect(writeRequest({ ...plain, maxTokens: null, reasoning: { kind: "budget", tokens: 1000 } }, "m")["max_tokens"]).toBe(5096);
  });

  test("has its turns joined, so that parallel results are one message", () => {
    const messages: ChatMessage[] = [
      { role: "user", content: [{ type: "text", text: "Both." }] },
      { role: "assistant", content: [{ type: "text", text: "" }] },
      {
        role: "assistant",
        content: ["a", "b"].map((id) => ({ type: "tool-call", id, name: "look", arguments: "" })),
      },
      { role: "user", content: [{ type: "tool-result", callId: "a", content: [{ type: "text", text: "1" }] }] },
      { role: "user", content: [{ type: "tool-result", callId: "b", content: [] }] },
      { role: "user", content: [{ type: "text", text: "So?" }] },
      { role: "assistant", content: [{ type: "refusal", text: "No." }] },
    ];
    expect(writeRequest({ ...plain, messages }, "m")["messages"]).toEqual([
      { role: "user", content: [{ type: "text", text: "Both." }] },
      { role: "assistant", content: ["a", "b"].map((id) => ({ type: "tool_use", id, name: "look", input: {} })) },
      {
        role: "user",
        content: [
          { type: "tool_result", tool_use_id: "a", content: [{ type: "text", text: "1" }] },
          { type: "tool_result", tool_use_id: "b", content: [] },
          { type: "text", text: "So?" },
        ],
      },
      { role: "assistant", content: [{ type: "text", text: "No." }] },
    ]);
  });

  test("may ask for one call at a time, and for no thinking", () => {
    const tools = [{ name: "a", parameters: undefined }];
    expect(writeRequest({ ...plain, tools, parallelTools: false, reasoning: { kind: "effort", effort: "none" } }, "m")).toMatchObject({
      tools: [{ name: "a", input_schema: { type: "object", properties: {} } }],
      tool_choice: { type: "auto", disable_parallel_tool_use: true },
      thinking: { type: "disabled" },
    });
    expect(writeRequest({ ...plain, parallelTools: false }, "m")).not.toHaveProperty("tool_choice");
  });

  test("keeps what a schema is for", () => {
    const format = { kind: "schema", name: "mail", description: "A mail.", schema: { type: "object" } } as const;
    expect(writeRequest({ ...plain, format }, "m")["output_config"]).toEqual({
      format: { type: "json_schema", schema: { description: "A mail.", type: "object" } },
    });
  });
});

describe("what the API cannot carry", () => {
  test("is named, each field of it", () => {
    expect(fieldsOf({ seed: 1 })).toEqual(["seed"]);
    expect(fieldsOf({ logProbabilities: { top: 0 } })).toEqual(["logProbabilities"]);
    expect(fieldsOf({ format: { kind: "json" } })).toEqual(["format"]);
    expect(fieldsOf({ format: { kind: "schema", name: "a", schema: true } })).toEqual(["format"]);
    expect(fieldsOf({ dialect: "openai-chat", logProbabilities: { top: 0 } })).toEqual(["logprobs"]);
    expect(fieldsOf({ dialect: "openai-responses", format: { kind: "json" } })).toEqual(["text.format"]);
    expect(fieldsOf({ metadata: { a: "b" } })).toEqual(["metadata"]);
    expect(fieldsOf({ temperature: 1.5 })).toEqual(["temperature"]);
    expect(fieldsOf({ reasoning: { kind: "effort", effort: "minimal" } })).toEqual(["reasoning"]);
    expect(fieldsOf({ dialect: "openai-chat", foreign: { store: true, n: 2 } })).toEqual(["store", "n"]);
    expect(fieldsOf({ foreign: { container: "c" } })).toEqual(["container"]);
  });

  test("is named within messages, by its path", () => {
    const source = { kind: "id", id: "file-1" } as const;
    const content: ChatMessage["content"] = [
      { type: "image", source: { kind: "url", url: "https://example.com" }, detail: "low" },
      { type: "file", source },
      { type: "file", source: { kind: "data", mediaType: "text/plain", data: "/w==" } },
      { type: "thinking", text: "Hm." },
      { type: "foreign", dialect: "openai-chat", path: "messages.4.content.1", value: { type: "input_audio" } },
      { type: "tool-result", callId: "a", content: [{ type: "image", source }] },
      { type: "image", source: { kind: "url", url: "https://example.com" }, detail: "auto" },
    ];
    expect(fieldsOf({ messages: [{ role: "user", name: "Ada", content }] })).toEqual([
      "messages.0.name",
      "messages.0.content.0.detail",
      "messages.0.content.1",
      "messages.0.content.2",
      "messages.0.content.3",
      "messages.4.content.1",
      "messages.0.content.5.content.0",
    ]);
  });

  test("is named all at once", () => {
    expect(fieldsOf({ seed: 1, format: { kind: "json" }, foreign: { n: 2 } })).toEqual(["format", "seed", "n"]);
  });

  test("names the call whose arguments are no JSON object", () => {
    for (const text of ["{", "[]", "null", "1"]) {
      const content = [{ type: "tool-call", id: "call_7", name: "a", arguments: text } as const];
      const error = caught(() => writeRequest({ ...plain, messages: [{ role: "assistant", content }] }, "m"));
      expect(error.details["fields"]).toEqual(["messages.0.content.0.arguments"]);
      expect(error.message).toContain('"call_7"');
    }
  });
});
