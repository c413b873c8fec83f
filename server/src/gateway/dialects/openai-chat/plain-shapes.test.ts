import fc from "fast-check";
import { expect, test } from "vitest";
import { openaiChat } from "./index.ts";
import { isPlainAnswer, isPlainRequest } from "./plain-shapes.ts";

const { parseRequest, parseAnswer } = openaiChat;

const anything = fc.oneof(
  fc.constantFrom<unknown>(null, "", "user", "assistant", "system", 0, 1, -1, 0.5, 2 ** 53, true, false, [], {}),
  fc.jsonValue({ maxDepth: 2 }),
);
/** Mostly right, and sometimes anything. */
function mostly<T>(right: fc.Arbitrary<T>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 12, arbitrary: right }, { weight: 1, arbitrary: anything });
}
function fields(known: Record<string, fc.Arbitrary<unknown>>, requiredKeys: string[]): fc.Arbitrary<unknown> {
  const more = fc.oneof(
    { weight: 6, arbitrary: fc.constant({}) },
    { weight: 1, arbitrary: fc.dictionary(fc.constantFrom("x", "name", "n", "__proto__"), anything) },
  );
  const right = Object.fromEntries(Object.entries(known).map(([key, value]) => [key, mostly(value)]));
  return mostly(
    fc.tuple(fc.record(right, { requiredKeys }), more).map(([one, other]) => JSON.parse(glue(JSON.stringify(one), JSON.stringify(other)))),
  );
}
/** As text, which may name a field `__proto__`. */
function glue(one: string, other: string): string {
  return other === "{}" ? one : `${one.slice(0, -1)}${one === "{}" ? "" : ","}${other.slice(1)}`;
}

const words = fc.string({ maxLength: 4 });
const messages = fc.array(
  fields({ role: fc.constantFrom("user", "assistant", "system"), content: words, name: words }, ["role", "content"]),
  {
    minLength: 1,
    maxLength: 3,
  },
);
const requests = fields(
  {
    model: fc.string({ minLength: 1, maxLength: 4 }),
    messages,
    stream: fc.boolean(),
    stream_options: fields({ include_usage: fc.boolean() }, []),
    max_tokens: fc.integer({ min: 1 }),
    max_completion_tokens: fc.integer({ min: 1 }),
    temperature: fc.double({ noNaN: true, noDefaultInfinity: true }),
    top_p: fc.double({ noNaN: true, noDefaultInfinity: true }),
    seed: fc.integer(),
    user: words,
  },
  ["model", "messages"],
);
const message = fields({ role: words, content: words, refusal: fc.constant(null), reasoning_content: words }, ["content"]);
const answers = fields(
  {
    id: words,
    model: words,
    choices: fc.array(fields({ index: fc.nat(), message, finish_reason: fc.constantFrom("stop", "length", null) }, ["message"]), {
      minLength: 1,
      maxLength: 2,
    }),
    usage: fc.record({ prompt_tokens: fc.nat(), completion_tokens: fc.nat() }),
  },
  ["choices"],
);

function outcome(act: () => unknown): unknown {
  try {
    return { value: act() };
  } catch (error) {
    const { code, message: said, details } = error as { code: string; message: string; details: unknown };
    return { code, said, details };
  }
}

/** What is not plain, and says the same. */
function bySchema(body: unknown, parse: (body: unknown) => unknown, nothing: Record<string, unknown>): unknown {
  return outcome(() => parse(typeof body === "object" && body !== null && !Array.isArray(body) ? { ...body, ...nothing } : body));
}

test("a plain request is understood as its schema understands it", () => {
  let plain = 0;
  fc.assert(
    fc.property(requests, (body) => {
      if (isPlainRequest(body)) plain += 1;
      expect(isPlainRequest({ ...(body as object), metadata: null })).toBe(false);
      expect(outcome(() => parseRequest(body))).toEqual(bySchema(body, parseRequest, { metadata: null }));
    }),
    { numRuns: 500 },
  );
  expect(plain).toBeGreaterThan(50);
});

test("a plain answer is understood as its schema understands it", () => {
  let plain = 0;
  const choice = (tools: unknown) => ({ index: 1, message: { content: "other", tool_calls: tools } });
  // A second choice is of no one's interest and is kept as it came: with a list of calls it is not plain.
  const withChoice = (body: unknown, tools: unknown) =>
    typeof body === "object" && body !== null && "choices" in body && Array.isArray(body.choices) && body.choices.length > 0
      ? { ...body, choices: [...(body.choices as unknown[]), choice(tools)] }
      : body;
  fc.assert(
    fc.property(answers, (body) => {
      if (isPlainAnswer(withChoice(body, null))) plain += 1;
      expect(isPlainAnswer(withChoice(body, []))).toBe(isPlainAnswer(body) && withChoice(body, []) === body);
      const text = JSON.stringify(outcome(() => parseAnswer(withChoice(body, null))));
      expect(JSON.parse(text.replaceAll('"tool_calls":null', '"tool_calls":[]'))).toEqual(outcome(() => parseAnswer(withChoice(body, []))));
    }),
    { numRuns: 500 },
  );
  expect(plain).toBeGreaterThan(50);
});
