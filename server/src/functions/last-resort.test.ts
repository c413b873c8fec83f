import { describe, expect, test } from "vitest";
import { mailSheet } from "../../test/functions.ts";
import { compose, defineFunction, lastGood, message } from "./index.ts";

const plain = () => ({ label: "ham" as const, confidence: 1 });
const sorry = message({ output: { label: "ham", confidence: 0 } });

function problemsOf(define: () => unknown): string[] {
  try {
    define();
  } catch (error) {
    expect(error).toMatchObject({ code: "config_invalid" });
    return (error as { details: { problems: { path: string; message: string }[] } }).details.problems.map(
      ({ path, message }) => `${path}: ${message}`,
    );
  }
  return [];
}

describe("what stands at the end of a chain", () => {
  test("is declared with the variants, and says which answers are to be kept", () => {
    const definition = defineFunction({
      ...mailSheet,
      name: "triage-mail",
      variants: {
        plain,
        recent: lastGood({ of: "plain", maxAgeSeconds: 60 }),
        old: lastGood({ of: "plain", maxAgeSeconds: 3600 }),
        sorry,
      },
      fallback: ["plain", "recent", { variant: "old", when: "lastError == 'variant_failed'" }, "sorry"],
    });
    expect([...definition.remembered]).toEqual([["plain", 3600]]);
    expect(Object.values(definition.variants).map((variant) => variant.kind)).toEqual(["rules", "last-good", "last-good", "message"]);
  });

  test("a message that does not keep the output schema is refused, by the compiler and at the start", () => {
    const problems = problemsOf(() =>
      defineFunction({
        ...mailSheet,
        name: "triage-mail",
        // @ts-expect-error "hem" is no label
        variants: { plain, sorry: message({ output: { label: "hem", confidence: 2 } }) },
        fallback: ["plain", "sorry"],
      }),
    );
    expect(problems).toEqual([
      expect.stringContaining("variants.sorry.output.label: "),
      expect.stringContaining("variants.sorry.output.confidence: "),
    ]);
  });

  test.each([
    [lastGood({ of: "gone", maxAgeSeconds: 60 }), 'variants.before.of: there is no variant "gone"'],
    [lastGood({ of: "constructor", maxAgeSeconds: 60 }), 'variants.before.of: there is no variant "constructor"'],
    [lastGood({ of: "sorry", maxAgeSeconds: 60 }), 'variants.before.of: "sorry" answers nothing of its own'],
    [lastGood({ of: "before", maxAgeSeconds: 60 }), 'variants.before.of: "before" answers nothing of its own'],
    [lastGood({ of: "plain", maxAgeSeconds: 0 }), "variants.before.maxAgeSeconds: "],
    [lastGood({ of: "plain", maxAgeSeconds: Number.NaN }), "variants.before.maxAgeSeconds: "],
    [compose({ cascade: ["plain", "sorry"], minimumConfidence: 0.5 }), 'variants.before.cascade: "sorry" belongs at the end of `fallback`'],
  ])("%j is refused", (before, problem) => {
    const problems = problemsOf(() =>
      defineFunction({ ...mailSheet, name: "triage-mail", variants: { plain, before, sorry }, fallback: ["plain", "before"] }),
    );
    expect(problems).toEqual([expect.stringContaining(problem)]);
  });
});
