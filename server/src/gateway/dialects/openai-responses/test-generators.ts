import fc from "fast-check";
import type { ChatAnswer, ChatEvent, ChatMessage, ChatRequest, ContentPart, LogProbability, Usage } from "../../types.ts";

// What this format can carry, in the form its parser gives. Optional fields are left out, never undefined.

const words = fc.oneof(fc.string({ minLength: 1, maxLength: 12 }), fc.string({ unit: "grapheme", minLength: 1, maxLength: 6 }));
const id = fc.stringMatching(/^[a-zA-Z0-9_-]{1,16}$/);
const count = fc.nat({ max: 100_000 });
const json = fc
  .dictionary(fc.stringMatching(/^[a-z]{1,6}$/), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3, noNullPrototype: true })
  // JSON has no -0.
  .map((value) => JSON.parse(JSON.stringify(value).replaceAll("__proto__", "proto")) as Record<string, unknown>);
const base64 = fc.uint8Array({ minLength: 1, maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString("base64"));
/** Of this dialect's own; and those of others, which it gives to a caller and takes back. */
const ownSignature = id.map((text) => `openai-responses:${text}`);
const anySignature = fc.oneof(ownSignature, id);

const text = fc.record({ type: fc.constant("text" as const), text: fc.string({ maxLength: 12 }) });
const inline = fc.record({ kind: fc.constant("data" as const), mediaType: fc.constantFrom("image/png", "application/pdf"), data: base64 });
const byUrl = fc.record({ kind: fc.constant("url" as const), url: fc.webUrl() });
const byId = fc.record({ kind: fc.constant("id" as const), id });
const source = fc.oneof(inline, byUrl, byId);

const image = fc.record({ type: fc.constant("image" as const), source, detail: fc.constantFrom("low", "high", "auto") });
const file = fc.record({ type: fc.constant("file" as const), source, name: words });
const refusal = fc.record({ type: fc.constant("refusal" as const), text: words });
const call = fc.record({
  type: fc.constant("tool-call" as const),
  id,
  name: id,
  arguments: fc.oneof(
    json.map((value) => JSON.stringify(value)),
    words,
  ),
});
const thinking = (signature: fc.Arbitrary<string>) => fc.record({ type: fc.constant("thinking" as const), text: words, signature });
const unsignedThinking = fc.record({ type: fc.constant("thinking" as const), text: words });
const redacted = (data: fc.Arbitrary<string>) => fc.record({ type: fc.constant("redacted-thinking" as const), data });
const result = fc.record({
  type: fc.constant("tool-result" as const),
  callId: id,
  content: fc.array(fc.oneof(text, image, file), { minLength: 1, maxLength: 3 }),
});

const user: fc.Arbitrary<ChatMessage> = fc.record({
  role: fc.constant("user" as const),
  content: fc.array(fc.oneof(text, image, file), { minLength: 1, maxLength: 4 }),
});
const results: fc.Arbitrary<ChatMessage> = fc.record({
  role: fc.constant("user" as const),
  content: fc.array(result, { minLength: 1, maxLength: 3 }),
});
const assistant: fc.Arbitrary<ChatMessage> = fc.record({
  role: fc.constant("assistant" as const),
  content: fc.array(fc.oneof(text, refusal, call, thinking(ownSignature), redacted(ownSignature)), { minLength: 1, maxLength: 5 }),
});

/** What stands in a row on the assistant's side, or as outputs, is one message. */
function kindOf({ role, content }: ChatMessage): string {
  return role === "assistant" ? role : content[0]!.type === "tool-result" ? "results" : "user";
}

const messages = fc
  .array(fc.oneof(user, assistant, results), { minLength: 1, maxLength: 6 })
  .map((all) => all.filter((message, index) => index === 0 || kindOf(message) === "user" || kindOf(message) !== kindOf(all[index - 1]!)));

const tool = fc.record({ name: id, description: words, parameters: json, strict: fc.boolean() }, { requiredKeys: ["name", "parameters"] });

const optionalFields = {
  temperature: fc.double({ min: 0, max: 2, noNaN: true }).map((value) => value + 0),
  topP: fc.double({ min: 0.01, max: 1, noNaN: true }),
  tools: fc.array(tool, { minLength: 1, maxLength: 3 }),
  toolChoice: fc.oneof(
    fc.record({ kind: fc.constantFrom("auto" as const, "none" as const, "any" as const) }),
    fc.record({ kind: fc.constant("tool" as const), name: id }),
  ),
  parallelTools: fc.boolean(),
  format: fc.oneof(
    fc.constant({ kind: "json" as const }),
    fc.record(
      { kind: fc.constant("schema" as const), name: id, schema: json, strict: fc.boolean(), description: words },
      { requiredKeys: ["kind", "name", "schema"] },
    ),
  ),
  reasoning: fc.oneof(
    fc.constant({ kind: "off" as const }),
    fc.record({ kind: fc.constant("effort" as const), effort: fc.constantFrom("minimal", "low", "medium", "high", "xhigh") }),
  ),
  logProbabilities: fc.record({ top: fc.nat({ max: 20 }) }),
  user: words,
  metadata: fc.dictionary(id, words, { maxKeys: 3, noNullPrototype: true }).filter((all) => !Object.hasOwn(all, "__proto__")),
};

export const chatRequests: fc.Arbitrary<ChatRequest> = fc.record(
  {
    model: id,
    dialect: fc.constant("openai-responses" as const),
    system: fc.array(text, { maxLength: 3 }),
    messages,
    stream: fc.boolean(),
    maxTokens: fc.option(fc.integer({ min: 1, max: 100_000 })),
    foreign: fc.record(
      {
        service_tier: fc.constant("flex"),
        store: fc.constant(true),
        previous_response_id: id,
        "text.verbosity": fc.constant("low"),
        "reasoning.summary": fc.constant("auto"),
        "stream_options.include_obfuscation": fc.constant(true),
        include: fc.constant(["web_search_call.results"]),
        "tools.0": fc.constant({ type: "web_search" }),
        x_own: json,
      },
      { requiredKeys: [] },
    ),
    ...optionalFields,
  },
  { requiredKeys: ["model", "dialect", "system", "messages", "stream", "maxTokens", "foreign"] },
);

export const usages: fc.Arbitrary<Usage> = fc.record({
  input: count,
  output: count,
  cachedInput: count,
  cacheWrite: count,
  reasoning: count,
  from: fc.constant("provider" as const),
});

const logarithm = fc.double({ max: -0.001, min: -50, noNaN: true });
const logProbabilities: fc.Arbitrary<LogProbability[]> = fc.array(
  fc.record(
    { token: words, value: logarithm, top: fc.array(fc.record({ token: words, value: logarithm }), { minLength: 1, maxLength: 3 }) },
    { requiredKeys: ["token", "value"] },
  ),
  { minLength: 1, maxLength: 3 },
);

const foreignItem = id.map((value): ContentPart => ({
  type: "foreign",
  dialect: "openai-responses",
  path: "",
  value: { id: value, type: "web_search_call", status: "completed" },
}));

/** Whether it called something is told by the content. */
function finishOf(called: boolean) {
  return fc.constantFrom("length" as const, "filter" as const, "unknown" as const, called ? ("tool-calls" as const) : ("stop" as const));
}

const isCall = ({ type }: { type: string }) => type === "tool-call";

/** What was said in a row is one item, and each other part one: the place of a foreign one follows from that. */
function place(content: readonly ContentPart[]): ContentPart[] {
  const isSaid = (part: ContentPart | undefined) => part?.type === "text" || part?.type === "refusal";
  let items = 0;
  return content.map((part, index) => {
    if (!(isSaid(part) && isSaid(content[index - 1]))) items++;
    return part.type === "foreign" ? { ...part, path: `output.${items - 1}` } : part;
  });
}

export const chatAnswers: fc.Arbitrary<ChatAnswer> = fc
  .array(fc.oneof(text, refusal, call, thinking(anySignature), unsignedThinking, redacted(anySignature), foreignItem), { maxLength: 6 })
  .map(place)
  .chain((content) =>
    fc.record(
      {
        id,
        model: id,
        content: fc.constant(content),
        finish: finishOf(content.some(isCall)),
        usage: fc.option(usages),
        ...(content.some(({ type }) => type === "text") ? { logProbabilities } : {}),
      },
      { requiredKeys: ["id", "model", "content", "finish", "usage"] },
    ),
  );

type Piece =
  | { kind: "text" | "refusal"; texts: string[]; logs: LogProbability[] | null }
  | { kind: "thinking"; texts: string[]; signature: string | null }
  | { kind: "redacted-thinking"; data: string }
  | { kind: "call"; id: string; name: string; texts: string[] };

const piece: fc.Arbitrary<Piece> = fc.oneof(
  fc.record({
    kind: fc.constantFrom("text" as const, "refusal" as const),
    texts: fc.array(words, { minLength: 1, maxLength: 4 }),
    logs: fc.option(logProbabilities),
  }),
  fc.record({
    kind: fc.constant("thinking" as const),
    texts: fc.array(words, { minLength: 1, maxLength: 4 }),
    signature: fc.option(anySignature),
  }),
  fc.record({ kind: fc.constant("redacted-thinking" as const), data: anySignature }),
  fc.record({ kind: fc.constant("call" as const), id, name: id, texts: fc.array(words, { maxLength: 4 }) }),
);

function toEvents(one: Piece, part: number): ChatEvent[] {
  switch (one.kind) {
    case "call":
      return [
        { type: "tool-call", part, id: one.id, name: one.name },
        ...one.texts.map((text) => ({ type: "arguments" as const, part, text })),
      ];
    case "thinking":
      return [
        ...one.texts.map((text) => ({ type: "thinking" as const, part, text })),
        ...(one.signature === null ? [] : [{ type: "signature" as const, part, signature: one.signature }]),
      ];
    case "redacted-thinking":
      return [{ type: "redacted-thinking", part, data: one.data }];
    default: {
      const { kind, logs } = one;
      return one.texts.map((text) =>
        kind === "text" && logs !== null ? { type: kind, part, text, logProbabilities: logs } : { type: kind, part, text },
      );
    }
  }
}

/** A whole stream, as a reader of this dialect gives it. */
export const chatStreams: fc.Arbitrary<ChatEvent[]> = fc
  .array(piece, { maxLength: 6 })
  .chain((pieces) =>
    fc
      .record({ id, model: id, finish: finishOf(pieces.some(({ kind }) => kind === "call")), usage: fc.option(usages) })
      .map(({ id, model, finish, usage }): ChatEvent[] => [
        { type: "start", id, model },
        ...pieces.flatMap(toEvents),
        { type: "finish", finish },
        ...(usage === null ? [] : [{ type: "usage" as const, usage }]),
        { type: "end" },
      ]),
  );
