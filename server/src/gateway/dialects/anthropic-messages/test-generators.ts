import fc from "fast-check";
import type { ChatAnswer, ChatEvent, ChatRequest, ContentPart, MediaSource, TextPart, Usage } from "../../types.ts";

/** Only what is there, as requests and answers are written. */
function filled<T extends Record<string, unknown>>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }, required: (keyof T)[]) {
  return fc.record(model, { requiredKeys: required }) as fc.Arbitrary<T>;
}

const word = fc.stringMatching(/^[a-zA-Z0-9_-]{1,12}$/);
const text = fc.string({ unit: "binary", minLength: 1 }).map((value) => value.toWellFormed());
const cache = fc.constantFrom({ type: "ephemeral" }, { type: "ephemeral", ttl: "1h" });
// What parsers make of a key named __proto__ is not what is tested here, and JSON has no -0.
const value = fc.jsonValue().map((json) => JSON.parse(JSON.stringify(json).replaceAll("__proto__", "proto")) as unknown);
const object = fc.dictionary(
  word.filter((key) => key !== "__proto__"),
  value,
);
/** As JSON.parse and JSON.stringify leave it. */
const argumentsText = object.map((value) => JSON.stringify(JSON.parse(JSON.stringify(value))));

const base64 = fc.uint8Array().map((bytes) => Buffer.from(bytes).toString("base64"));
const media = (mediaType: string): fc.Arbitrary<MediaSource> =>
  fc.oneof(
    base64.map((data): MediaSource => ({ kind: "data", mediaType, data })),
    fc.webUrl().map((url): MediaSource => ({ kind: "url", url })),
    word.map((id): MediaSource => ({ kind: "id", id })),
  );
const plainText = text.map((value): MediaSource => ({
  kind: "data",
  mediaType: "text/plain",
  data: Buffer.from(value, "utf8").toString("base64"),
}));

const textPart: fc.Arbitrary<TextPart> = filled({ type: fc.constant("text" as const), text, cache }, ["type", "text"]);
const image = filled<any>({ type: fc.constant("image"), source: media("image/png"), cache }, ["type", "source"]);
const file = filled<any>({ type: fc.constant("file"), source: fc.oneof(media("application/pdf"), plainText), name: word, cache }, [
  "type",
  "source",
]);
const thinking = filled<any>({ type: fc.constant("thinking"), text: fc.string(), signature: word }, ["type", "text", "signature"]);
const redacted = filled<any>({ type: fc.constant("redacted-thinking"), data: word }, ["type", "data"]);
const call = filled<any>({ type: fc.constant("tool-call"), id: word, name: word, arguments: argumentsText, cache }, [
  "type",
  "id",
  "name",
  "arguments",
]);
const result = filled<any>(
  {
    type: fc.constant("tool-result"),
    callId: word,
    content: fc.array(fc.oneof(textPart, image, file), { maxLength: 3 }),
    failed: fc.boolean(),
    cache,
  },
  ["type", "callId", "content"],
);

const userContent = fc.array(fc.oneof(textPart, image, file, result), { minLength: 1, maxLength: 4 });
const assistantContent: fc.Arbitrary<ContentPart[]> = fc.array(fc.oneof(textPart, thinking, redacted, call), {
  minLength: 1,
  maxLength: 4,
});

const messages = fc.array(fc.tuple(userContent, assistantContent), { maxLength: 3 }).map((turns) =>
  turns.flatMap(([user, assistant]) => [
    { role: "user" as const, content: user as ContentPart[] },
    { role: "assistant" as const, content: assistant },
  ]),
);
const tool = filled<any>({ name: word, description: text, parameters: object, strict: fc.boolean(), cache }, ["name", "parameters"]);
const toolChoice = fc.oneof(
  fc.constantFrom({ kind: "auto" }, { kind: "any" }, { kind: "none" }),
  word.map((name) => ({ kind: "tool", name })),
);
const reasoning = fc.oneof(
  fc.constant({ kind: "off" }),
  fc.constantFrom("low", "medium", "high", "xhigh", "max").map((effort) => ({ kind: "effort", effort })),
  fc.nat().map((tokens) => ({ kind: "budget", tokens })),
);
const foreign = fc.dictionary(fc.constantFrom("container", "service_tier", "mcp_servers", "context_management", "new_field"), value);

/** Requests the Messages API carries whole. */
export const carriedRequest: fc.Arbitrary<ChatRequest> = filled<any>(
  {
    model: word,
    dialect: fc.constant("anthropic-messages"),
    system: fc.array(textPart, { maxLength: 2 }),
    messages,
    stream: fc.boolean(),
    maxTokens: fc.nat(),
    temperature: fc.double({ min: 0, max: 1, noNaN: true }),
    topP: fc.double({ min: 0, max: 1, noNaN: true }),
    topK: fc.nat(),
    stop: fc.array(text, { maxLength: 3 }),
    tools: fc.array(tool, { maxLength: 3 }),
    toolChoice,
    parallelTools: fc.boolean(),
    format: object.map((schema) => ({ kind: "schema", name: "answer", schema, strict: true })),
    reasoning,
    user: word,
    foreign,
  },
  ["model", "dialect", "system", "messages", "stream", "maxTokens", "foreign"],
).map((request: any) => {
  // Whether calls are parallel is said within a choice that allows calls.
  if (request.toolChoice === undefined || request.toolChoice.kind === "none") delete request.parallelTools;
  return request as ChatRequest;
});

const usage: fc.Arbitrary<Usage> = fc
  .record({ rest: fc.nat(1e6), output: fc.nat(1e6), cachedInput: fc.option(fc.nat(1e6)), cacheWrite: fc.option(fc.nat(1e6)) })
  .map(({ rest, output, cachedInput, cacheWrite }) => ({
    input: rest + (cachedInput ?? 0) + (cacheWrite ?? 0),
    output,
    cachedInput,
    cacheWrite,
    reasoning: null,
    from: "provider",
  }));
const finish = fc.oneof(
  fc.constantFrom("stop", "length", "tool-calls", "refusal", "pause").map((finish) => ({ finish })),
  text.map((stopSequence) => ({ finish: "stop", stopSequence })),
) as fc.Arbitrary<Pick<ChatAnswer, "finish" | "stopSequence">>;

export const carriedAnswer: fc.Arbitrary<ChatAnswer> = fc
  .tuple(
    filled<any>(
      {
        id: word,
        model: word,
        dialect: fc.constant("anthropic-messages"),
        content: assistantContent,
        usage,
        foreign: fc.constant({ container: { id: "c" }, usage: { service_tier: "standard" } }),
      },
      ["id", "model", "dialect", "content", "usage"],
    ),
    finish,
  )
  .map(([answer, end]) => ({ ...answer, ...end }));

const pieces = fc.array(text, { minLength: 1, maxLength: 4 });
const streamedPart = fc.oneof(
  pieces.map((texts) => texts.map((text) => ({ type: "text", text }))),
  fc
    .tuple(pieces, word)
    .map(([texts, signature]) => [...texts.map((text) => ({ type: "thinking", text })), { type: "signature", signature }]),
  word.map((data) => [{ type: "redacted-thinking", data }]),
  fc.tuple(word, word, argumentsText, fc.nat()).map(([id, name, json, cut]) => {
    const at = 1 + (cut % (json.length - 1));
    return [{ type: "tool-call", id, name }, ...[json.slice(0, at), json.slice(at)].map((text) => ({ type: "arguments", text }))];
  }),
);

/** Streams of parts one after the other, as this API sends them. */
export const carriedEvents: fc.Arbitrary<ChatEvent[]> = fc
  .tuple(word, word, fc.array(streamedPart, { maxLength: 5 }), finish, usage)
  .map(([id, model, parts, end, usage]) => [
    { type: "start", id, model },
    ...parts.flatMap((part, index) => part.map((piece) => ({ ...piece, part: index }) as ChatEvent)),
    { type: "finish", ...end },
    { type: "usage", usage },
    { type: "end" },
  ]);
