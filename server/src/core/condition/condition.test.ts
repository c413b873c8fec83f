import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseCondition } from "./parse-condition.ts";
import { parseExpression } from "./parse-expression.ts";
import { printExpression } from "./print-expression.ts";
import type { ConditionNames, ConditionType, ConditionValue, Expression, Operand } from "./types.ts";

const names: ConditionNames = {
  "input.bytes": "number",
  failures: "number",
  lastError: "text",
  "input.urgent": "flag",
  "metadata.*": "text",
};

const holds = (text: string, values: Record<string, ConditionValue | undefined> = {}) => parseCondition(text, names).holds(values);

function problemOf(text: string): { message: string; character: number } {
  try {
    parseCondition(text, names);
  } catch (error) {
    expect(error).toMatchObject({ code: "config_invalid", details: { condition: text } });
    const { message, details } = error as { message: string; details: { character: number } };
    return { message, character: details.character };
  }
  throw new Error(`"${text}" was accepted`);
}

describe("a condition", () => {
  test.each([
    ["input.bytes < 2000", { "input.bytes": 1999 }, true],
    ["input.bytes < 2000", { "input.bytes": 2000 }, false],
    ["input.bytes <= 2000 and failures >= 1", { "input.bytes": 2000, failures: 1 }, true],
    ["1 < failures", { failures: 2 }, true],
    ["failures != 0", { failures: 0 }, false],
    ["failures > -1.5e0", { failures: -1 }, true],
    ["metadata.tier == 'free'", { "metadata.tier": "free" }, true],
    [String.raw`metadata.tier == "it's \"free\""`, { "metadata.tier": `it's "free"` }, true],
    ["metadata.user-tier in ['free', 'trial']", { "metadata.user-tier": "trial" }, true],
    ["failures in [1, 3]", { failures: 2 }, false],
    ["metadata.tier == lastError", { "metadata.tier": "a", lastError: "a" }, true],
    ["input.urgent", { "input.urgent": true }, true],
    ["not input.urgent", { "input.urgent": true }, false],
    ["input.urgent == false", { "input.urgent": false }, true],
  ] as [string, Record<string, ConditionValue>, boolean][])("%s of %j is %s", (text, values, expected) => {
    expect(holds(text, values)).toBe(expected);
  });

  test("binds not before and before or, as parentheses would have it", () => {
    const flags = { failures: 1, "input.bytes": 1, "input.urgent": false };
    expect(holds("failures == 1 or failures == 2 and input.urgent", flags)).toBe(true);
    expect(holds("(failures == 1 or failures == 2) and input.urgent", flags)).toBe(false);
    expect(holds("not failures == 2 and input.bytes == 1", flags)).toBe(true);
    expect(holds("not (failures == 1 and input.bytes == 1)", flags)).toBe(false);
  });

  test.each(["metadata.tier == 'free'", "metadata.tier != 'free'", "failures < 1", "failures >= 1", "lastError in ['a']", "input.urgent"])(
    "an absent value makes %s false, and not of it true",
    (text) => {
      expect(holds(text)).toBe(false);
      expect(holds(`not ${text}`)).toBe(true);
    },
  );

  test("a value of another type than its name counts as absent, and so does what every object has", () => {
    expect(holds("failures != 1", { failures: "2" })).toBe(false);
    expect(holds("failures != 1", { failures: Number.NaN })).toBe(false);
    expect(holds("metadata.constructor != ''")).toBe(false);
    expect(parseCondition("a.b != ''", { "a.b": "text" }).holds(Object.create({ "a.b": "inherited" }) as {})).toBe(false);
  });

  test("says which names it looks at, once each, and itself in one spelling", () => {
    const condition = parseCondition(`not(failures<1)  and failures!=2 or metadata.tier in ["a" ,'b']`, names);
    expect(condition.names).toEqual(["failures", "metadata.tier"]);
    expect(condition.text).toBe("(not failures < 1 and failures != 2) or metadata.tier in ['a', 'b']");
  });
});

describe("a wrong condition is refused with its place", () => {
  test.each([
    ["", 1, "expected a name"],
    ["bytes < 3", 1, 'there is no name "bytes"; known: input.bytes, failures'],
    ["failures < 3 and constructor == 1", 18, 'no name "constructor"'],
    ["metadata == 'a'", 1, 'no name "metadata"'],
    ["failures == 'a'", 13, "a number is compared here, not a quoted text"],
    ["lastError < 'a'", 11, '"<" compares numbers'],
    ["lastError in ['a', 2]", 20, "a quoted text is looked for here"],
    ["lastError in []", 15, "expected a name, a number or a quoted text"],
    ["lastError in [metadata.tier]", 15, "a list holds"],
    ["lastError in 'a'", 14, 'expected "["'],
    ["failures", 9, '"failures" must be compared'],
    ["1 and failures == 1", 3, "must be compared"],
    ["failures = 1", 10, 'equality is written "=="'],
    ["failures == 1 && failures == 2", 15, 'write "and", "or", "not"'],
    ["failures == 1 failures == 2", 15, 'expected "and", "or" or the end, not "failures"'],
    ["(failures == 1", 15, 'expected ")", but the condition ends'],
    ["lastError == 'a", 14, "no closing '"],
    ["failures == 1e999", 13, "too large"],
    ["failures == 1; 2", 14, '";" means nothing here'],
    ["failures == and", 13, 'expected a name, a number or a quoted text, not "and"'],
    [`${"(".repeat(60)}failures == 1`, 51, "are nested here"],
  ])("%s", (text, character, message) => {
    const problem = problemOf(text);
    expect(problem.message).toContain(message);
    expect(problem.character).toBe(character);
  });

  test("a text that is too long", () => {
    expect(() => parseCondition(`failures == 1${" ".repeat(2000)}`, names)).toThrow("longer than 2000 characters");
  });
});

const valueOf: Record<ConditionType, fc.Arbitrary<ConditionValue>> = {
  number: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
  text: fc.string({ unit: "grapheme" }),
  flag: fc.boolean(),
};
const nameOf: Record<ConditionType, string[]> = {
  number: ["input.bytes", "failures"],
  text: ["lastError", "metadata.tier", "metadata.in"],
  flag: ["input.urgent"],
};
function operandOf(type: ConditionType): fc.Arbitrary<Operand> {
  const name = fc.constantFrom(...nameOf[type]).map((name) => ({ kind: "name" as const, name, type }));
  return fc.oneof(
    name,
    valueOf[type].map((value) => ({ kind: "value" as const, value })),
  );
}
const comparison = fc.constantFrom<ConditionType>("number", "text", "flag").chain((type): fc.Arbitrary<Expression> => {
  const operator = fc.constantFrom("==" as const, "!=" as const, ...(type === "number" ? (["<", "<=", ">", ">="] as const) : []));
  return fc.oneof(
    fc.record({ kind: fc.constant("compare" as const), operator, left: operandOf(type), right: operandOf(type) }),
    fc.record({ kind: fc.constant("in" as const), left: operandOf(type), list: fc.array(valueOf[type], { minLength: 1, maxLength: 3 }) }),
  );
});
const { expression } = fc.letrec<{ expression: Expression }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    comparison,
    fc.constant<Expression>({ kind: "flag", flag: { kind: "name", name: "input.urgent", type: "flag" } }),
    tie("expression").map((of): Expression => ({ kind: "not", of })),
    fc.record({ kind: fc.constantFrom("and" as const, "or" as const), parts: fc.array(tie("expression"), { minLength: 2, maxLength: 3 }) }),
  ),
}));

describe("properties", () => {
  test("what is printed reads back as the same expression", () => {
    fc.assert(
      fc.property(expression, (given) => {
        const text = printExpression(given);
        fc.pre(text.length <= 2000);
        expect(parseExpression(text, names)).toEqual(given);
      }),
    );
  });

  test("whatever the values, it answers yes or no, and not is its opposite", () => {
    const anything = fc.dictionary(
      fc.constantFrom("input.bytes", "failures", "lastError", "input.urgent", "metadata.tier"),
      fc.oneof(fc.anything(), fc.double(), fc.string(), fc.boolean()),
    );
    fc.assert(
      fc.property(expression, anything, (given, values) => {
        const text = printExpression(given);
        fc.pre(text.length <= 1900);
        const answer = holds(text, values as Record<string, ConditionValue>);
        expect(answer).toBeTypeOf("boolean");
        expect(holds(`not (${text})`, values as Record<string, ConditionValue>)).toBe(!answer);
      }),
    );
  });

  test("any text is a condition or is refused as config_invalid", () => {
    const pieces = fc.constantFrom(
      "and",
      "or",
      "not",
      "in",
      "(",
      ")",
      "[",
      "]",
      ",",
      "==",
      "<",
      "failures",
      "metadata.tier",
      "1",
      "'a'",
      " ",
      "'",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(pieces).map((parts) => parts.join(" ")),
        ),
        (text) => {
          try {
            expect(parseCondition(text, names).holds({})).toBeTypeOf("boolean");
          } catch (error) {
            expect(error).toMatchObject({ code: "config_invalid" });
          }
        },
      ),
    );
  });
});
