import { describe, expect, test } from "vitest";
import { z } from "zod";
import { compose, defineFunction, model, rules } from "./index.ts";

interface Mail {
  subject: string;
  body: string;
}

const sheet = {
  name: "triage-mail",
  owner: "mail team",
  purpose: { objective: "Sort mail", decision: "Which folder", errors: [{ error: "ham as spam", cost: "a lost message" }] },
  boundary: "May label a message, may not delete one.",
  input: z.object({ subject: z.string(), body: z.string() }),
  output: z.object({ label: z.enum(["ham", "spam"]), confidence: z.number() }),
  latencyBudgetMs: 50,
};

describe("defineFunction", () => {
  test("infers the input of an inline function and checks what it returns", () => {
    const definition = defineFunction({
      ...sheet,
      variants: {
        learned: model({ model: "triage-mail" }),
        plain: (input) => ({ label: input.subject.includes("$") ? "spam" : "ham", confidence: 1 }),
        strict: rules((input: Mail) => (input.body === "" ? undefined : { label: "ham", confidence: 0.5 })),
        both: compose({ cascade: ["strict", "learned"], minimumConfidence: 0.8 }),
      },
      fallback: ["learned", "plain"],
    });
    expect(Object.values(definition.variants).map((variant) => variant.kind)).toEqual(["model", "rules", "rules", "compose"]);
    expect(definition.maxBodyBytes).toBe(1024 * 1024);
    expect(definition.labelOf({ label: "ham", confidence: 0.3 })).toBe("ham");
    expect(definition.confidenceOf({ label: "ham", confidence: 0.3 })).toBe(0.3);
    expect(Object.isFrozen(definition)).toBe(true);
  });

  test("refuses what the compiler cannot: types are wrong on purpose", () => {
    defineFunction({
      ...sheet,
      // @ts-expect-error "hem" is no label
      variants: { plain: (input) => ({ label: input.subject === "" ? "hem" : "spam", confidence: 1 }) },
      fallback: ["plain"],
    });
    expect(() =>
      defineFunction({
        ...sheet,
        variants: { plain: () => ({ label: "ham" as const, confidence: 1 }) },
        // @ts-expect-error there is no such variant
        fallback: ["plane"],
      }),
    ).toThrow(/there is no variant "plane"/);
  });

  test("names every path that is wrong, at once", () => {
    const broken = () =>
      defineFunction({
        ...sheet,
        name: "Triage Mail",
        owner: "",
        latencyBudgetMs: 0,
        variants: { plain: () => undefined, both: compose({ cascade: ["missing", "both"], minimumConfidence: 2 }) },
        fallback: ["plain", "plain"],
      });
    expect(broken).toThrow(expect.objectContaining({ code: "config_invalid" }));
    try {
      broken();
    } catch (error) {
      const problems = (error as { details: { problems: { path: string }[] } }).details.problems.map((problem) => problem.path);
      expect(problems).toEqual([
        "name",
        "owner",
        "latencyBudgetMs",
        "variants.both.minimumConfidence",
        "variants.both.cascade",
        "variants.both.cascade",
        "fallback",
      ]);
    }
  });
});
