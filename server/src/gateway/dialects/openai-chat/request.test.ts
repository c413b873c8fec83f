import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ChatRequest, ContentPart } from "../../types.ts";
import { openaiChat } from "./index.ts";
import { chatRequests } from "./test-generators.ts";

const { parseRequest, writeRequest } = openaiChat;
const hello = { role: "user", content: "Hello" };
const parse = (fields: Record<string, unknown>) => parseRequest({ model: "m", messages: [hello], ...fields });
const parseAll = (...messages: unknown[]) => parseRequest({ model: "m", messages });

function thrown(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

const issuesOf = (body: unknown) => (thrown(() => parseRequest(body)) as { details: { issues: unknown } }).details.issues;

const canonical: ChatRequest = {
  model: "anthropic/claude",
  dialect: "anthropic-messages",
  system: [],
  messages: [{ role: "user", content: [{ type: "text", text: "Hello" }] }],
  stream: false,
  maxTokens: null,
  foreign: {},
};

const fieldsOf = (request: Partial<ChatRequest>) =>
  (thrown(() => writeRequest({ ...canonical, ...request }, "m")) as { code: string; details: { fields: string[] } }).details.fields;

describe("a request", () => {
  test("is the same after it was written and parsed", () => {
    fc.assert(
      fc.property(chatRequests, (request) => {
        expect(parseRequest(JSON.parse(JSON.stringify(writeRequest(request, request.model))))).toEqual(request);
      }),
      { numRuns: 100 },
    );
  });

  test("as the documentation shows it is understood, with tools, a picture and a schema", () => {
    const body = {
      model: "gpt-5.2",
      messages: [
        { role: "developer", content: "You are a helpful assistant." },
        {
          role: "user",
          content: [
            { type: "text", text: "What is the weather where this was taken?" },
            { type: "image_url", image_url: { url: "data:image/jpeg;base64,/9j/4AAQ", detail: "low" } },
            { type: "image_url", image_url: { url: "https://example.com/boston.jpg" } },
            { type: "file", file: { filename: "map.pdf", file_data: "data:application/pdf;base64,JVBERi0=" } },
            { type: "file", file: { file_id: "file-6F2ksmvXxt4VdoqmHRw6kL" } },
          ],
        },
        {
          role: "assistant",
          content: null,
          refusal: null,
          annotations: [],
          tool_calls: [
            { id: "call_abc", type: "function", function: { name: "get_weather", arguments: '{"location":"Boston, MA"}' } },
            { id: "call_def", type: "function", function: { name: "get_time", arguments: "{}" } },
          ],
        },
        { role: "tool", tool_call_id: "call_abc", content: '{"temperature": "22"}' },
        { role: "tool", tool_call_id: "call_def", name: "get_time", content: [{ type: "text", text: "12:00" }] },
      ],
      tools: [
        {
          type: "function",
          function: {
            name: "get_weather",
            description: "Get the current weather in a given location",
            parameters: { type: "object", properties: { location: { type: "string" } }, required: ["location"] },
            strict: true,
          },
        },
        { type: "function", function: { name: "get_time" } },
      ],
      tool_choice: { type: "function", function: { name: "get_weather" } },
      parallel_tool_calls: false,
      response_format: { type: "json_schema", json_schema: { name: "answer", strict: true, schema: { type: "object" } } },
      max_completion_tokens: 300,
      reasoning_effort: "low",
      temperature: null,
      stop: "END",
      n: 1,
      logprobs: true,
      top_logprobs: 2,
      safety_identifier: "user-1",
      metadata: { team: "a" },
      stream: true,
      stream_options: { include_usage: true },
    };
    expect(parseRequest(body)).toEqual({
      model: "gpt-5.2",
      dialect: "openai-chat",
      system: [{ type: "text", text: "You are a helpful assistant." }],
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "What is the weather where this was taken?" },
            { type: "image", source: { kind: "data", mediaType: "image/jpeg", data: "/9j/4AAQ" }, detail: "low" },
            { type: "image", source: { kind: "url", url: "https://example.com/boston.jpg" } },
            { type: "file", source: { kind: "data", mediaType: "application/pdf", data: "JVBERi0=" }, name: "map.pdf" },
            { type: "file", source: { kind: "id", id: "file-6F2ksmvXxt4VdoqmHRw6kL" } },
          ],
        },
        {
          role: "assistant",
          content: [
            { type: "tool-call", id: "call_abc", name: "get_weather", arguments: '{"location":"Boston, MA"}' },
            { type: "tool-call", id: "call_def", name: "get_time", arguments: "{}" },
          ],
        },
        {
          role: "user",
          content: [
            { type: "tool-result", callId: "call_abc", content: [{ type: "text", text: '{"temperature": "22"}' }] },
            { type: "tool-result", callId: "call_def", content: [{ type: "text", text: "12:00" }] },
          ],
        },
      ],
      stream: true,
      maxTokens: 300,
      stop: ["END"],
      tools: [
        {
          name: "get_weather",
          description: "Get the current weather in a given location",
          parameters: { type: "object", properties: { location: { type: "string" } }, required: ["location"] },
          strict: true,
        },
        { name: "get_time", parameters: { type: "object", properties: {} } },
      ],
      toolChoice: { kind: "tool", name: "get_weather" },
      parallelTools: false,
      format: { kind: "schema", name: "answer", strict: true, schema: { type: "object" } },
      reasoning: { kind: "effort", effort: "low" },
      logProbabilities: { top: 2 },
      user: "user-1",
      metadata: { team: "a" },
      foreign: {},
    });
  });

  test("keeps every field it does not know, and gives it back in its own dialect only", () => {
    const unknown = {
      frequency_penalty: 0.5,
      n: 2,
      service_tier: "flex",
      logit_bias: { "50256": -100 },
      x: { deep: [null] },
      functions: [],
    };
    const request = parse({ ...unknown, store: null, stream_options: { include_usage: true, include_obfuscation: false } });
    expect(request.foreign).toEqual({ ...unknown, stream_options: { include_obfuscation: false } });
    expect(writeRequest(request, "up")).toMatchObject({ ...unknown, model: "up" });
    expect(fieldsOf({ foreign: request.foreign })).toEqual(
      [...Object.keys(unknown), "stream_options"].sort((a, b) => order(request, a, b)),
    );
  });

  test("asks for alternatives of a token only when it wants some", () => {
    expect(writeRequest(parse({ logprobs: true }), "m")).not.toHaveProperty("top_logprobs");
    expect(writeRequest(parse({ logprobs: true, top_logprobs: 3 }), "m")).toMatchObject({ logprobs: true, top_logprobs: 3 });
    expect(writeRequest(parse({ logprobs: false, top_logprobs: 3 }), "m")).toMatchObject({ top_logprobs: 3 });
  });

  test("keeps tools, choices and formats of kinds it does not know", () => {
    const custom = { type: "custom", custom: { name: "code", format: { type: "text" } } };
    const plain = { type: "function", function: { name: "f", parameters: {} } };
    const others = {
      tool_choice: { type: "allowed_tools", allowed_tools: { mode: "auto", tools: [] } },
      response_format: { type: "grammar", grammar: "root ::= x" },
    };
    const request = parse({ tools: [custom, plain], ...others });
    expect(request).toMatchObject({ tools: [{ name: "f" }], foreign: { tools: [custom], ...others } });
    expect(writeRequest(request, "m")).toMatchObject({ tools: [plain, custom], ...others });
  });

  test("knows both names of the bound on tokens and of the user, the newer bound first", () => {
    expect(parse({ max_tokens: 5 }).maxTokens).toBe(5);
    expect(parse({ max_tokens: 5, max_completion_tokens: 7 }).maxTokens).toBe(7);
    expect(parse({ user: "a", safety_identifier: "b" })).toMatchObject({ user: "a", foreign: { safety_identifier: "b" } });
  });

  test.each([
    ["auto", { kind: "auto" }],
    ["none", { kind: "none" }],
    ["required", { kind: "any" }],
  ])("knows the tool choice %s", (tool_choice, toolChoice) => {
    expect(parse({ tool_choice })).toMatchObject({ toolChoice });
  });

  test("for text is a request without a format; for no reasoning one that switches it off", () => {
    expect(parse({ response_format: { type: "text" } })).not.toHaveProperty("format");
    expect(parse({ reasoning_effort: "none" })).toMatchObject({ reasoning: { kind: "off" } });
    expect(parse({ response_format: { type: "json_object" } })).toMatchObject({ format: { kind: "json" } });
  });

  test.each<[path: string, body: unknown]>([
    ["", "text"],
    ["model", { messages: [hello] }],
    ["messages", { model: "m", messages: [] }],
    ["messages.0.role", { model: "m", messages: [{ content: "x" }] }],
    ["messages.0.role", { model: "m", messages: [{ role: "function", name: "f", content: "x" }] }],
    ["messages.1.role", { model: "m", messages: [hello, { role: "robot", content: "x" }] }],
    ["messages.0.content", { model: "m", messages: [{ role: "user" }] }],
    ["messages.0.content", { model: "m", messages: [{ role: "user", content: 5 }] }],
    ["messages.0.content.1.type", { model: "m", messages: [{ role: "user", content: [{ type: "text", text: "" }, { text: "x" }] }] }],
    ["messages.0.content.0.text", { model: "m", messages: [{ role: "user", content: [{ type: "text" }] }] }],
    [
      "messages.0.content.0.image_url.url",
      { model: "m", messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: "data:nothing" } }] }] },
    ],
    ["messages.0.tool_call_id", { model: "m", messages: [{ role: "tool", content: "x" }] }],
    [
      "messages.0.tool_calls.0.function.arguments",
      { model: "m", messages: [{ role: "assistant", tool_calls: [{ id: "a", function: { name: "f", arguments: {} } }] }] },
    ],
    ["tools.0.function.name", { model: "m", messages: [hello], tools: [{ type: "function", function: {} }] }],
    ["tool_choice", { model: "m", messages: [hello], tool_choice: "sometimes" }],
    ["temperature", { model: "m", messages: [hello], temperature: "hot" }],
    ["max_tokens", { model: "m", messages: [hello], max_tokens: 0 }],
    ["stop", { model: "m", messages: [hello], stop: [1] }],
    ["metadata.a", { model: "m", messages: [hello], metadata: { a: 1 } }],
    ["response_format.json_schema.name", { model: "m", messages: [hello], response_format: { type: "json_schema", json_schema: {} } }],
  ])("is refused at %j when it is malformed there", (path, body) => {
    expect(thrown(() => parseRequest(body))).toMatchObject({ code: "invalid_request" });
    expect(issuesOf(body)).toEqual([{ path, message: expect.stringMatching(/\S/) }]);
  });
});

function order(request: ChatRequest, a: string, b: string): number {
  const keys = Object.keys(request.foreign);
  return keys.indexOf(a) - keys.indexOf(b);
}

describe("a message", () => {
  const audio = { type: "input_audio", input_audio: { data: "UklGRg==", format: "wav" } };
  const unusual = [
    ["a part of another kind", "messages.0.content.0", { role: "user", content: [audio] }],
    [
      "a part with another field",
      "messages.0.content.0",
      { role: "user", content: [{ type: "text", text: "x", cache_control: { type: "ephemeral" } }] },
    ],
    [
      "a file that is no data URL",
      "messages.0.content.0",
      { role: "user", content: [{ type: "file", file: { file_data: "JVBERi0=", filename: "a" } }] },
    ],
    ["thoughts sent back", "messages.0.reasoning_content", { role: "assistant", content: "x", reasoning_content: "hm" }],
    ["audio sent back", "messages.0.audio", { role: "assistant", content: null, audio: { id: "audio_1" } }],
    ["a field that looks like a part", "messages.0.type", { role: "user", content: "x", type: "human" }],
    [
      "a call of another kind",
      "messages.0.tool_calls.0",
      { role: "assistant", content: null, tool_calls: [{ id: "c", type: "custom", custom: { name: "code", input: "1" } }] },
    ],
    [
      "a signed call",
      "messages.0.tool_calls.0",
      {
        role: "assistant",
        content: null,
        tool_calls: [
          { id: "c", type: "function", function: { name: "f", arguments: "{}" }, extra_content: { google: { thought_signature: "s" } } },
        ],
      },
    ],
    ["a system message with a name", "messages.0", { role: "system", content: "x", name: "policy" }],
    ["a result with another field", "messages.0", { role: "tool", tool_call_id: "c", content: "x", cache_control: {} }],
  ] as const;

  test.each(unusual)("with %s goes on unchanged, and is refused by that place elsewhere", (_what, path, message) => {
    const request = parseAll(message);
    expect(writeRequest(request, "m")["messages"]).toEqual([message]);
    const translated = request.messages.map((one) => ({
      ...one,
      content: one.content.map((part) => (part.type === "foreign" ? { ...part, dialect: "anthropic-messages" as const } : part)),
    }));
    expect(fieldsOf({ messages: translated })).toEqual([path]);
  });

  test("of the system stays where it is after the conversation began", () => {
    const messages = [{ role: "system", content: "first" }, hello, { role: "system", content: "later" }, { role: "user", content: "Bye" }];
    const request = parseAll(...messages);
    expect(request.system).toEqual([{ type: "text", text: "first" }]);
    expect(request.messages[1]).toEqual({
      role: "user",
      content: [{ type: "foreign", dialect: "openai-chat", path: "messages.2", value: messages[2] }],
    });
    expect(writeRequest(request, "m")["messages"]).toEqual(messages);
  });

  test("of the assistant with empty text beside calls has no text", () => {
    const calls = [{ id: "c", type: "function", function: { name: "f", arguments: "{}" }, index: 0 }];
    expect(parseAll({ role: "assistant", content: "", tool_calls: calls }).messages[0]!.content).toEqual([
      { type: "tool-call", id: "c", name: "f", arguments: "{}" },
    ]);
    expect(parseAll({ role: "assistant", content: "" }).messages[0]!.content).toEqual([{ type: "text", text: "" }]);
    expect(parseAll({ role: "assistant", content: null, refusal: "No." }).messages[0]!.content).toEqual([{ type: "refusal", text: "No." }]);
  });
});

describe("a request of another dialect", () => {
  const write = (content: ContentPart[], role: "user" | "assistant" = "user") =>
    writeRequest({ ...canonical, messages: [{ role, content }] }, "m")["messages"] as Record<string, unknown>[];

  test("puts results of tools directly after their calls, and what else was said after them", () => {
    const result = { type: "tool-result", callId: "c", content: [{ type: "text", text: "22" }] } as const;
    expect(write([{ type: "text", text: "go on" }, result, { type: "text", text: "please" }])).toEqual([
      { role: "tool", tool_call_id: "c", content: "22" },
      {
        role: "user",
        content: [
          { type: "text", text: "go on" },
          { type: "text", text: "please" },
        ],
      },
    ]);
  });

  test("says in the text that a tool failed", () => {
    const failed = (content: ContentPart[]) => write([{ type: "tool-result", callId: "c", content, failed: true }])[0]!["content"];
    expect(failed([{ type: "text", text: "no such file" }])).toBe("Error: no such file");
    expect(failed([])).toBe("Error");
  });

  test("loses marks for a cache and thoughts that are empty, and nothing else", () => {
    expect(write([{ type: "text", text: "a", cache: { type: "ephemeral" } }])).toEqual([{ role: "user", content: "a" }]);
    expect(
      write(
        [
          { type: "thinking", text: "" },
          { type: "text", text: "b" },
        ],
        "assistant",
      ),
    ).toEqual([{ role: "assistant", content: "b" }]);
    expect(write([{ type: "thinking", text: "" }], "assistant")).toEqual([{ role: "assistant", content: "" }]);
  });

  test("gives a file a name where it has none", () => {
    const source = { kind: "data", mediaType: "application/pdf", data: "AAAA" } as const;
    expect(write([{ type: "file", source }])[0]!["content"]).toEqual([
      { type: "file", file: { filename: "document", file_data: "data:application/pdf;base64,AAAA" } },
    ]);
  });

  test.each<[string, Partial<ChatRequest>, string[]]>([
    ["top_k", { topK: 5 }, ["top_k"]],
    ["a budget of thoughts", { reasoning: { kind: "budget", tokens: 1024 } }, ["thinking.budget_tokens"]],
    ["fields of its own", { foreign: { container: "c", mcp_servers: [] } }, ["container", "mcp_servers"]],
    ["fields of nobody", { dialect: undefined, foreign: { x: 1 } }, ["x"]],
    [
      "thoughts",
      { messages: [{ role: "assistant", content: [{ type: "thinking", text: "hm", signature: "s" }] }] },
      ["messages.0.content.0"],
    ],
    [
      "signed silence",
      { messages: [{ role: "assistant", content: [{ type: "thinking", text: "", signature: "s" }] }] },
      ["messages.0.content.0"],
    ],
    [
      "redacted thoughts",
      { messages: [{ role: "assistant", content: [{ type: "redacted-thinking", data: "x" }] }] },
      ["messages.0.content.0"],
    ],
    [
      "a picture by id",
      { messages: [{ role: "user", content: [{ type: "image", source: { kind: "id", id: "f" } }] }] },
      ["messages.0.content.0"],
    ],
    [
      "a file by address",
      { messages: [{ role: "user", content: [{ type: "file", source: { kind: "url", url: "https://a.example" } }] }] },
      ["messages.0.content.0"],
    ],
    [
      "a file by id",
      { messages: [{ role: "user", content: [{ type: "file", source: { kind: "id", id: "f" } }] }] },
      ["messages.0.content.0"],
    ],
    [
      "a picture of the assistant",
      { messages: [{ role: "assistant", content: [{ type: "image", source: { kind: "url", url: "https://a.example" } }] }] },
      ["messages.0.content.0"],
    ],
    [
      "a picture as a result",
      {
        messages: [
          {
            role: "user",
            content: [
              { type: "tool-result", callId: "c", content: [{ type: "image", source: { kind: "url", url: "https://a.example" } }] },
            ],
          },
        ],
      },
      ["messages.0.content.0.content.0"],
    ],
    [
      "several of them",
      { topK: 1, foreign: { container: "c" }, messages: [{ role: "assistant", content: [{ type: "redacted-thinking", data: "x" }] }] },
      ["container", "messages.0.content.0", "top_k"],
    ],
  ])("with %s is refused by name", (_what, request, fields) => {
    expect(thrown(() => writeRequest({ ...canonical, ...request }, "m"))).toMatchObject({ code: "untranslatable" });
    expect(fieldsOf(request)).toEqual(fields);
  });

  test("that streams always asks for usage, and for one answer", () => {
    expect(writeRequest({ ...canonical, stream: true }, "m")).toMatchObject({ stream: true, stream_options: { include_usage: true } });
    expect(writeRequest(canonical, "m")).not.toHaveProperty("stream_options");
    expect(fieldsOf({ ...parse({ stream: true, n: 2 }) })).toEqual(["n"]);
  });
});
