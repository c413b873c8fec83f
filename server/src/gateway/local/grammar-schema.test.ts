import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { toGrammarSchema } from "./grammar-schema.ts";

function translate(schema: unknown): { made: unknown; problems: [string, string][] } {
  const problems = new Map<string, string>();
  return { made: toGrammarSchema(schema, "format", problems), problems: [...problems] };
}

const refused = (schema: unknown) => translate(schema).problems.map(([path]) => path);

describe("a schema as a grammar", () => {
  test("keeps what decides which answers there are, and lets go of what only describes", () => {
    const schema = z.toJSONSchema(
      z.strictObject({
        label: z.enum(["ham", "spam"]).describe("Which"),
        count: z.int(),
        note: z.string().max(10).nullable(),
        tags: z.array(z.string()).max(3),
        at: z.union([z.literal(1), z.strictObject({ day: z.boolean() })]),
      }),
    );
    expect(translate(schema)).toMatchObject({
      problems: [],
      made: {
        type: "object",
        properties: {
          label: { type: "string", enum: ["ham", "spam"] },
          count: { type: "integer" },
          note: { oneOf: [{ type: "string", maxLength: 10 }, { type: "null" }] },
          tags: { type: "array", items: { type: "string" }, maxItems: 3 },
          at: { oneOf: [{ const: 1 }, { type: "object", properties: { day: { type: "boolean" } } }] },
        },
      },
    });
    expect(JSON.stringify(translate(schema).made)).not.toMatch(/description|\$schema|minimum/);
  });

  test("names by its path each keyword it cannot hold to", () => {
    const properties = {
      score: { type: "number", minimum: 0 },
      code: { type: "string", pattern: "^a" },
      mail: { type: "string", format: "email" },
    };
    expect(refused({ type: "object", properties })).toEqual([
      "format.properties.score.minimum",
      "format.properties.code.pattern",
      "format.properties.mail.format",
    ]);
    expect(refused({ $defs: { a: { not: {} } }, $ref: "#/$defs/a" })).toEqual(["format.$defs.a.not"]);
    expect(refused({ oneOf: [{ type: ["object", "null"] }, { $ref: "other.json" }] })).toEqual([
      "format.oneOf.0.type",
      "format.oneOf.1.$ref",
    ]);
  });

  test.each([[true], [{}], [null], [{ title: "Anything" }], [{ type: "array", items: {} }]])(
    "refuses %j, which says nothing of a part",
    (schema) => {
      expect(refused(schema)).toHaveLength(1);
    },
  );

  test("property: whatever is sent as a schema is translated or refused, and never half: a problem stands for each keyword that is missing", () => {
    const keyword = fc.constantFrom(
      "type",
      "properties",
      "items",
      "oneOf",
      "anyOf",
      "$defs",
      "$ref",
      "pattern",
      "minimum",
      "title",
      "enum",
    );
    const { schema } = fc.letrec((tie) => ({
      schema: fc.oneof(
        { depthSize: "small" },
        fc.jsonValue(),
        fc.dictionary(keyword, tie("schema"), { maxKeys: 4 }),
        fc.array(tie("schema"), { maxLength: 3 }),
      ),
    }));
    fc.assert(
      fc.property(schema, (given) => {
        const { made, problems } = translate(given);
        if (problems.length > 0) return;
        const names = Object.keys(made as object);
        for (const key of Object.keys(given as object).filter((each) => each !== "title"))
          expect(names).toContain(key === "anyOf" ? "oneOf" : key);
      }),
    );
  });
});
