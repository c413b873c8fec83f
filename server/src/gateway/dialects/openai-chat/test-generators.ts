import fc from "fast-check";
import type { ChatAnswer, ChatEvent, ChatMessage, ChatRequest, ContentPart, LogProbability, Usage } from "../../types.ts";

// What OpenAI's format can carry, in the form its parser gives. Optional fields are left out, never undefined.

const words = fc.oneof(fc.string({ minLength: 1, maxLength: 12 }), fc.string({ unit: "grapheme", minLength: 1, maxLength: 6 }));
const id = fc.stringMatching(/^[a-zA-Z0-9_-]{1,16}$/);
const count = fc.nat({ max: 100_000 });
const json = fc
  .dictionary(fc.stringMatching(/^[a-z]{1,6}$/), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3, noNullPrototype: true })
  // JSON has no -0.
  .map((value) => JSON.parse(JSON.stringify(value).replaceAll("__proto__", "proto")) as Record<string, unknown>);
const base64 = fc.uint8Array({ minLength: 1, maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString("base64"));

const text = fc.record({ type: fc.constant("text" as const), text: fc.string({ maxLength: 12 }) });
const spokenText = fc.record({ type: fc.constant("text" as const), text: words });
const inline = fc.record({ kind: fc.constant("data" as const), mediaType: fc.constantFrom("image/png", "application/pdf"), data: base64 });
const byUrl = fc.record({ kind: fc.constant("url" as const), url: fc.webUrl() });
const byId = fc.record({ kind: fc.constant("id" as const), id });

const image = fc.record(
  { type: fc.constant("image" as const), source: fc.oneof(inline, byUrl), detail: fc.constantFrom("low", "high", "auto") },
  { requiredKeys: ["type", "source"] },
);
const file = fc.record({ type: fc.constant("file" as const), source: fc.oneof(inline, byId), name: words });
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
const result = fc.record({
  type: fc.constant("tool-result" as const),
  callId: id,
  content: fc.array(text, { minLength: 1, maxLength: 3 }),
});

const user: fc.Arbitrary<ChatMessage> = fc.record(
  { role: fc.constant("user" as const), content: fc.array(fc.oneof(text, image, file), { minLength: 1, maxLength: 4 }), name: id },
  { requiredKeys: ["role", "content"] },
);
const results: fc.Arbitrary<ChatMessage> = fc.record({
  role: fc.constant("user" as const),
  content: fc.array(result, { minLength: 1, maxLength: 3 }),
});
const assistant: fc.Arbitrary<ChatMessage> = fc.record(
  {
    role: fc.constant("assistant" as const),
    content: fc
      .tuple(fc.array(fc.oneof(spokenText, refusal), { maxLength: 3 }), fc.array(call, { maxLength: 3 }))
      .map(([said, calls]): ContentPart[] => [...said, ...calls])
      .filter((content) => content.length > 0),
    name: id,
  },
  { requiredKeys: ["role", "content"] },
);

function isResults(message: ChatMessage | undefined): boolean {
  return message?.content[0]?.type === "tool-result";
}

const messages = fc
  .array(fc.oneof(user, assistant, results), { minLength: 1, maxLength: 6 })
  .map((all) => all.filter((message, index) => !(isResults(message) && isResults(all[index - 1]))));

const tool = fc.record({ name: id, description: words, parameters: json, strict: fc.boolean() }, { requiredKeys: ["name", "parameters"] });

const optionalFields = {
  temperature: fc.double({ min: 0, max: 2, noNaN: true }).map((value) => value + 0),
  topP: fc.double({ min: 0.01, max: 1, noNaN: true }),
  stop: fc.array(words, { maxLength: 4 }),
  seed: fc.integer(),
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
    dialect: fc.constant("openai-chat" as const),
    system: fc.array(text, { maxLength: 3 }),
    messages,
    stream: fc.boolean(),
    maxTokens: fc.option(fc.integer({ min: 1, max: 100_000 })),
    foreign: fc.record(
      { frequency_penalty: fc.double({ noNaN: true, min: 0.1, max: 2 }), service_tier: fc.constant("flex"), x_own: json },
      { requiredKeys: [] },
    ),
    ...optionalFields,
  },
  { requiredKeys: ["model", "dialect", "system", "messages", "stream", "maxTokens", "foreign"] },
);

export const usages: fc.Arbitrary<Usage> = fc.record({
  input: count,
  output: count,
  cachedInput: fc.option(count),
  cacheWrite: fc.option(count),
  reasoning: fc.option(count),
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

const finish = fc.constantFrom("stop" as const, "length" as const, "tool-calls" as const, "filter" as const);

/** At most one thought, text and refusal, in the order the parser gives them. */
const answerContent: fc.Arbitrary<ContentPart[]> = fc
  .tuple(
    fc.option(fc.record({ type: fc.constant("thinking" as const), text: words })),
    fc.option(spokenText),
    fc.option(refusal),
    fc.array(call, { maxLength: 3 }),
  )
  .map(([thought, said, refused, calls]) => [thought, said, refused, ...calls].filter((part) => part !== null));

export const chatAnswers: fc.Arbitrary<ChatAnswer> = fc.record(
  { id, model: id, content: answerContent, finish, usage: fc.option(usages), logProbabilities },
  { requiredKeys: ["id", "model", "content", "finish", "usage"] },
);

type Piece =
  | { kind: "text" | "thinking" | "refusal"; texts: string[]; logs: LogProbability[] | null }
  | { kind: "call"; id: string; name: string; texts: string[] };

const piece: fc.Arbitrary<Piece> = fc.oneof(
  fc.record({
    kind: fc.constantFrom("text" as const, "thinking" as const, "refusal" as const),
    texts: fc.array(words, { minLength: 1, maxLength: 4 }),
    logs: fc.option(logProbabilities),
  }),
  fc.record({ kind: fc.constant("call" as const), id, name: id, texts: fc.array(words, { maxLength: 4 }) }),
);

function toEvents(pieces: readonly Piece[]): ChatEvent[] {
  // Two texts in a row are one part in this format, and two calls with one id are one call.
  const seen = new Set<string>();
  const kept: Piece[] = [];
  for (const one of pieces) {
    if (one.kind === "call" ? seen.has(one.id) : kept.at(-1)?.kind === one.kind) continue;
    if (one.kind === "call") seen.add(one.id);
    kept.push(one);
  }
  return kept.flatMap((one, part): ChatEvent[] => {
    if (one.kind === "call")
      return [
        { type: "tool-call", part, id: one.id, name: one.name },
        ...one.texts.map((text) => ({ type: "arguments" as const, part, text })),
      ];
    const { kind, logs } = one;
    return one.texts.map((text) =>
      kind === "text" && logs !== null ? { type: kind, part, text, logProbabilities: logs } : { type: kind, part, text },
    );
  });
}

/** A whole stream, as a reader of this dialect gives it. */
export const chatStreams: fc.Arbitrary<ChatEvent[]> = fc
  .record({ id, model: id, pieces: fc.array(piece, { maxLength: 6 }), finish, usage: fc.option(usages) })
  .map(({ id, model, pieces, finish, usage }): ChatEvent[] => [
    { type: "start", id, model },
    ...toEvents(pieces),
    { type: "finish", finish },
    ...(usage === null ? [] : [{ type: "usage" as const, usage }]),
    { type: "end" },
  ]);
