import { array, assert, asyncProperty, boolean, constantFrom, integer, json, property, record, string } from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { ChatMessage, CallOutcome } from "../../gateway/index.ts";
import { judgeAnswer } from "./judge-answer.ts";
import { outputFormat } from "./output-format.ts";
import { readOutput } from "./read-output.ts";
import { fillTemplate, parseTemplate } from "./template.ts";
import { trimHistory } from "./trim-history.ts";

describe("a prompt's template", () => {
  test("takes values as they are: braces in them open no place", () => {
    const template = parseTemplate("{{a}}|{{ b }}|{{a}}");
    assert(
      property(string(), string(), (a, b) => {
        expect(fillTemplate(template, { a, b })).toBe(`${a}|${b}|${a}`);
        expect(fillTemplate(template, { a: "{{b}}", b })).toBe(`{{b}}|${b}|{{b}}`);
      }),
    );
  });

  test("writes what is no text as JSON, and nothing for what is absent or inherited", () => {
    const template = parseTemplate("<{{mail.tags}}> <{{count}}> <{{none}}> <{{toString}}>");
    expect(fillTemplate(template, { mail: { tags: ["a"] }, count: 3, none: null })).toBe('<["a"]> <3> <> <>');
  });

  test("is refused where braces hold no name, or do not close", () => {
    for (const text of ["{{ }}", "{{a b}}", "{{1}}", "{{a.}}", "a {{ b", "{{a}} {{"]) expect(() => parseTemplate(text), text).toThrow();
    expect(parseTemplate('{"a": {"b": 1}}')).toHaveLength(1);
  });
});

/** Turns as clients make them: the user speaks, tools are called and answer, the assistant answers. */
const turn = record({ said: string({ maxLength: 60 }), tools: integer({ min: 0, max: 3 }) });

function messagesOf(turns: readonly { said: string; tools: number }[]): ChatMessage[] {
  return turns.flatMap(({ said, tools }, index) => {
    const ids = Array.from({ length: tools }, (_, call) => `call-${index}-${call}`);
    return [
      { role: "user" as const, content: [{ type: "text" as const, text: said }] },
      ...ids.flatMap((id) => [
        { role: "assistant" as const, content: [{ type: "tool-call" as const, id, name: "look_up", arguments: "{}" }] },
        { role: "user" as const, content: [{ type: "tool-result" as const, callId: id, content: [] }] },
      ]),
      { role: "assistant" as const, content: [{ type: "text" as const, text: said.toUpperCase() }] },
    ];
  });
}

describe("a trimmed history", () => {
  const system = [{ type: "text" as const, text: "Be brief." }];
  const isSaid = ({ role, content }: ChatMessage) => role === "user" && content[0]!.type === "text";
  const lengthOf = (of: unknown) => JSON.stringify(of).length;

  test("is the end of what there was, keeps the last turn, and parts no call from its result", async () => {
    const turnsAndBound = [array(turn, { minLength: 1, maxLength: 8 }), integer({ min: 1, max: 4000 }), boolean()] as const;
    await assert(
      asyncProperty(...turnsAndBound, async (turns, maxTokens, isCounted) => {
        const messages = messagesOf(turns);
        const measures = { estimate: lengthOf, count: async (of: unknown) => (isCounted ? lengthOf(of) : null) };
        const trimmed = await trimHistory({ system, messages, maxTokens }, measures);
        const kept = trimmed.messages;
        expect(messages.slice(messages.length - kept.length)).toEqual(kept);
        expect(kept.length).toBeGreaterThanOrEqual(messagesOf(turns.slice(-1)).length);
        const parts = kept.flatMap(({ content }) => content);
        const calls = parts.flatMap((part) => (part.type === "tool-call" ? [part.id] : []));
        const results = parts.flatMap((part) => (part.type === "tool-result" ? [part.callId] : []));
        expect(results).toEqual(calls);
        expect(trimmed.after).toBeLessThanOrEqual(trimmed.before);
        if (trimmed.before <= maxTokens) expect(kept).toHaveLength(messages.length);
        if (kept.length > messagesOf(turns.slice(-1)).length) expect(trimmed.after).toBeLessThanOrEqual(maxTokens);
        // No more is left out than has to be.
        const from = messages.findLastIndex((each, index) => index < messages.length - kept.length && isSaid(each));
        if (kept.length < messages.length) expect(lengthOf({ system, messages: messages.slice(from) })).toBeGreaterThan(maxTokens);
      }),
    );
  });

  test("is what the tokenizer says where it is near its bound, and else what is estimated", async () => {
    const messages = messagesOf([
      { said: "first", tools: 0 },
      { said: "second", tools: 0 },
    ]);
    const sized = (count: number | null) => ({ estimate: () => 100, count: async () => count });
    const of = async (maxTokens: number, count: number | null) => trimHistory({ system, messages, maxTokens }, sized(count));
    expect(await of(150, 120)).toMatchObject({ before: 120, after: 120, from: "tokenizer", messages });
    expect(await of(150, null)).toMatchObject({ before: 100, after: 100, from: "estimate", messages });
    expect(await of(400, 120)).toMatchObject({ before: 100, after: 100, from: "estimate", messages });
    expect((await of(110, 120)).messages).toEqual(messages.slice(2));
  });
});

const output = z.object({ label: z.enum(["ham", "spam"]), confidence: z.number().min(0).max(1) });

describe("the output asked of a model", () => {
  test("is a schema without the bounds that providers refuse; they are said instead", () => {
    expect(outputFormat("triage-mail", output)).toEqual({
      kind: "schema",
      name: "triage-mail",
      strict: true,
      schema: {
        type: "object",
        properties: {
          label: { type: "string", enum: ["ham", "spam"] },
          confidence: { type: "number", description: "(minimum 0, maximum 1)" },
        },
        required: ["label", "confidence"],
        additionalProperties: false,
      },
    });
  });

  test("says a format that not every provider knows, and writes a choice of shapes as all of them read it", () => {
    const shapes = z.discriminatedUnion("kind", [
      z.object({ kind: z.literal("link"), url: z.url() }),
      z.object({ kind: z.literal("day"), on: z.iso.date() }),
    ]);
    expect(outputFormat("shapes", z.object({ one: shapes }))).toMatchObject({
      strict: true,
      schema: {
        properties: {
          one: {
            anyOf: [
              { properties: { kind: { const: "link" }, url: { type: "string", description: "(format uri)" } } },
              { properties: { on: { type: "string", format: "date" } } },
            ],
          },
        },
      },
    });
  });

  test("is not strict where a field may be absent, at any depth", () => {
    const deep = z.object({ list: z.array(z.object({ a: z.string(), b: z.string().optional() })) });
    expect(outputFormat("deep", deep)).not.toHaveProperty("strict");
    for (const open of [z.object({ any: z.unknown() }), z.object({ map: z.record(z.string(), z.number()) })])
      expect(outputFormat("open", open)).not.toHaveProperty("strict");
    const fields = z.object({ type: z.string(), required: z.string(), default: z.string().max(3).describe("Short.") });
    expect(outputFormat("fields", fields)).toMatchObject({
      strict: true,
      schema: { properties: { default: { description: "Short. (maxLength 3)" } } },
    });
  });
});

describe("the text of an answer", () => {
  test("is valid as it is, whatever JSON it is", () => {
    assert(
      property(json(), (text) => {
        expect(readOutput(text, z.unknown(), true)).toEqual({ kind: "valid", value: JSON.parse(text) });
      }),
    );
  });

  test("is mended where it is JSON with faults or talk around it, and only if that may be", () => {
    const faulty = [
      '```json\n{"label": "spam", "confidence": 0.9}\n```',
      "{label: 'spam', confidence: 0.9,}",
      'Here you are: {"label": "spam", "confidence": 0.9}. Is there more?',
    ];
    for (const text of faulty) {
      expect(readOutput(text, output, true)).toEqual({ kind: "repaired", value: { label: "spam", confidence: 0.9 } });
      expect(readOutput(text, output, false)).toMatchObject({ kind: "invalid" });
    }
  });

  test("is invalid with each issue named, and never a crash", () => {
    expect(readOutput('{"label": "spa", "confidence": 2}', output, true)).toMatchObject({
      kind: "invalid",
      issues: [expect.stringMatching(/^label: /), expect.stringMatching(/^confidence: /)],
    });
    assert(
      property(string(), (text) => {
        expect(readOutput(text, output, true).kind).toBe("invalid");
      }),
    );
  });
});

describe("an answer that was cut, refused or broken off", () => {
  const outcome = (finish: string, text: string): CallOutcome => ({
    target: "one/ok",
    answer: { id: "a", model: "m", content: [{ type: "text", text }], finish: finish as "stop", usage: null },
    cost: null,
    error: null,
  });
  const valid = '{"label": "spam", "confidence": 0.9}';

  test("is no output, even where it reads like one", () => {
    assert(
      property(constantFrom("length", "filter", "refusal", "tool-calls", "pause"), constantFrom(output, null), (finish, schema) => {
        expect(judgeAnswer(outcome(finish, valid), { schema, mend: true })).toMatchObject({ error: expect.any(Error) });
      }),
    );
    expect(judgeAnswer(outcome("stop", valid), { schema: output, mend: true })).toMatchObject({ output: "valid" });
  });

  test("is not mended where nobody says that it is whole", () => {
    const cut = '{"label": "spam", "confidence": 0.9';
    expect(judgeAnswer(outcome("stop", cut), { schema: output, mend: true })).toMatchObject({ output: "repaired" });
    expect(judgeAnswer(outcome("unknown", cut), { schema: output, mend: true })).toMatchObject({ output: "invalid" });
  });
});
