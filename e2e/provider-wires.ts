import { crc32 } from "node:zlib";

/** What a stand-in says: words, or a call of `tool`. */
export interface Said {
  readonly words: readonly string[];
  readonly call: { readonly id: string; readonly name: string; readonly input: Readonly<Record<string, unknown>> } | undefined;
}

/** A provider's real wire format, as far as an answer, a stream, a call of a tool and an error need it. */
export interface ProviderWire {
  /** The model that a path asks, and whether as a stream. */
  readonly path: RegExp;
  isStream(path: string, body: Readonly<Record<string, unknown>>): boolean;
  readonly streamType: string;
  answer(said: Said): unknown;
  events(said: Said): Buffer[];
  error(status: number): unknown;
}

const tokens = { input: 7, output: 9 };

function event(data: unknown, name?: string): Buffer {
  return Buffer.from(`${name === undefined ? "" : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`);
}

const googleUsage = { promptTokenCount: tokens.input, candidatesTokenCount: tokens.output, totalTokenCount: 16 };

function googleChunk(parts: readonly unknown[], end: Record<string, unknown> = {}): unknown {
  return { candidates: [{ content: { parts, role: "model" }, index: 0, ...end }], modelVersion: "gemini-scripted", responseId: "g-1" };
}

/** Gemini: calls come whole, and the reason of the end says nothing of them. */
export const google: ProviderWire = {
  path: /^\/v1beta\/models\/([^:]+):(?:generateContent|streamGenerateContent\?alt=sse)$/,
  isStream: (path) => path.includes(":streamGenerateContent"),
  streamType: "text/event-stream",
  answer: ({ words, call }) => ({
    ...(googleChunk(googleParts({ words: [words.join("")], call }), { finishReason: "STOP" }) as object),
    usageMetadata: googleUsage,
  }),
  events: (said) => [
    ...googleParts(said).map((part) => event(googleChunk([part]))),
    event({ ...(googleChunk([], { finishReason: "STOP" }) as object), usageMetadata: googleUsage }),
  ],
  error: (status) => ({ error: { code: status, message: "Resource has been exhausted.", status: "RESOURCE_EXHAUSTED" } }),
};

function googleParts({ words, call }: Said): unknown[] {
  return call === undefined ? words.map((text) => ({ text })) : [{ functionCall: { name: call.name, args: call.input } }];
}

const cohereUsage = {
  billed_units: { input_tokens: tokens.input, output_tokens: tokens.output },
  tokens: { input_tokens: tokens.input, output_tokens: tokens.output },
};

/** Cohere's second version: a stream of named events, arguments in pieces. */
export const cohere: ProviderWire = {
  path: /^\/v2\/chat$/,
  isStream: (_path, body) => body["stream"] === true,
  streamType: "text/event-stream",
  answer: ({ words, call }) => ({
    id: "c-1",
    message: {
      role: "assistant",
      ...(call === undefined
        ? { content: [{ type: "text", text: words.join("") }] }
        : { tool_plan: "I look it up.", tool_calls: [{ id: call.id, type: "function", function: functionOf(call) }] }),
    },
    finish_reason: call === undefined ? "COMPLETE" : "TOOL_CALL",
    usage: cohereUsage,
  }),
  events({ words, call }) {
    const say = (type: string, message: unknown, more: Record<string, unknown> = {}) => event({ type, ...more, delta: { message } }, type);
    const started = event(
      {
        type: "message-start",
        id: "c-1",
        delta: { message: { role: "assistant", content: [], tool_plan: "", tool_calls: [], citations: [] } },
      },
      "message-start",
    );
    const text = [
      say("content-start", { content: { type: "text", text: "" } }, { index: 0 }),
      ...words.map((word) => say("content-delta", { content: { text: word } }, { index: 0 })),
      event({ type: "content-end", index: 0 }, "content-end"),
    ];
    const called =
      call === undefined
        ? []
        : [
            say(
              "tool-call-start",
              { tool_calls: { id: call.id, type: "function", function: { name: call.name, arguments: "" } } },
              { index: 0 },
            ),
            ...halves(JSON.stringify(call.input)).map((half) =>
              say("tool-call-delta", { tool_calls: { function: { arguments: half } } }, { index: 0 }),
            ),
            event({ type: "tool-call-end", index: 0 }, "tool-call-end"),
          ];
    const finish = call === undefined ? "COMPLETE" : "TOOL_CALL";
    const ended = event({ type: "message-end", delta: { finish_reason: finish, usage: cohereUsage } }, "message-end");
    return [started, ...(call === undefined ? text : called), ended];
  },
  error: () => ({ message: "You are past the limit of your key." }),
};

function functionOf({ name, input }: NonNullable<Said["call"]>): unknown {
  return { name, arguments: JSON.stringify(input) };
}

function halves(text: string): string[] {
  const middle = Math.floor(text.length / 2);
  return [text.slice(0, middle), text.slice(middle)];
}

const bedrockUsage = { inputTokens: tokens.input, outputTokens: tokens.output, totalTokens: 16 };

/** Bedrock's Converse: a stream of binary frames, each with its checksums. */
export const bedrock: ProviderWire = {
  path: /^\/model\/([^/]+)\/converse(?:-stream)?$/,
  isStream: (path) => path.endsWith("/converse-stream"),
  streamType: "application/vnd.amazon.eventstream",
  answer: ({ words, call }) => ({
    output: {
      message: {
        role: "assistant",
        content:
          call === undefined ? [{ text: words.join("") }] : [{ toolUse: { toolUseId: call.id, name: call.name, input: call.input } }],
      },
    },
    stopReason: call === undefined ? "end_turn" : "tool_use",
    usage: bedrockUsage,
    metrics: { latencyMs: 1 },
  }),
  events({ words, call }) {
    const deltas =
      call === undefined ? words.map((text) => ({ text })) : halves(JSON.stringify(call.input)).map((input) => ({ toolUse: { input } }));
    const started = call === undefined ? [] : [{ contentBlockIndex: 0, start: { toolUse: { toolUseId: call.id, name: call.name } } }];
    return [
      frame("messageStart", { role: "assistant" }),
      ...started.map((each) => frame("contentBlockStart", each)),
      ...deltas.map((delta) => frame("contentBlockDelta", { contentBlockIndex: 0, delta })),
      frame("contentBlockStop", { contentBlockIndex: 0 }),
      frame("messageStop", { stopReason: call === undefined ? "end_turn" : "tool_use" }),
      frame("metadata", { usage: bedrockUsage, metrics: { latencyMs: 1 } }),
    ];
  },
  error: () => ({ message: "Too many requests, please wait before trying again." }),
};

/** One message of AWS's event stream: two lengths and their checksum, headers, the payload, the checksum of all. */
function frame(type: string, payload: unknown): Buffer {
  const headers = Buffer.concat([
    header(":event-type", type),
    header(":content-type", "application/json"),
    header(":message-type", "event"),
  ]);
  const body = Buffer.from(JSON.stringify(payload));
  const lengths = Buffer.alloc(8);
  lengths.writeUInt32BE(16 + headers.length + body.length, 0);
  lengths.writeUInt32BE(headers.length, 4);
  const before = Buffer.concat([lengths, checksum(lengths), headers, body]);
  return Buffer.concat([before, checksum(before)]);
}

const textHeader = 7;

function header(name: string, value: string): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(value.length);
  return Buffer.concat([Buffer.from([name.length]), Buffer.from(name), Buffer.from([textHeader]), length, Buffer.from(value)]);
}

function checksum(of: Buffer): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(of));
  return bytes;
}
