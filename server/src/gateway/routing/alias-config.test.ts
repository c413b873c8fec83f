import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { secret } from "../../core/index.ts";
import { configSchema } from "../config.ts";

const provider = { dialect: "openai", baseUrl: "https://one.example.com/v1" };

/** The paths and messages of what is wrong. */
function problemsOf(model: unknown, more: Record<string, unknown> = {}): [string, string][] {
  const parsed = configSchema.safeParse({ providers: { one: provider, two: provider }, models: { m: model }, ...more });
  return (parsed.error?.issues ?? []).map(({ path, message }) => [path.join("."), message]);
}

describe("a name for models", () => {
  test("is a target, a list of them in order, or an object that says how to choose", () => {
    const parse = (model: unknown) => configSchema.parse({ providers: { one: provider, two: provider }, models: { m: model } }).models["m"];
    expect(parse("one/a")).toEqual({ choose: "order", targets: ["one/a"], clocks: {} });
    expect(parse(["one/a", "two/b"])).toEqual({ choose: "order", targets: ["one/a", "two/b"], clocks: {} });
    expect(parse({ targets: ["one/a"] })).toEqual(parse("one/a"));
    expect(parse({ choose: "fastest", targets: ["one/a", "two/b"] })).toMatchObject({ explore: 0.05, windowMs: 600_000 });
  });

  test.each([
    ["three/a", "models.m.targets.0", 'no provider "three"'],
    ["nothing", "models.m", "<provider>/<model>"],
    [["one/a", "nothing"], "models.m.1", "<provider>/<model>"],
    [["one/a", "one/a"], "models.m.targets.1", "twice"],
    [{ targets: [] }, "models.m.targets", ""],
    [7, "models.m", ""],
    [{ choose: "best", targets: ["one/a"] }, "models.m.choose", ""],
    [{ choose: "order", targets: ["one/a"], weights: [1] }, "models.m", "weights"],
    [{ choose: "weighted", targets: ["one/a", "two/b"], weights: [1] }, "models.m.weights", "2 targets need as many"],
    [{ choose: "weighted", targets: ["one/a"], weights: [0] }, "models.m.weights", "more than 0"],
    [{ choose: "rules", targets: ["one/a"], rules: [{ when: "colour == 'red'", to: "one/a" }] }, "models.m.rules.0.when", "colour"],
    [{ choose: "rules", targets: ["one/a"], rules: [{ when: "tools", to: "two/b" }] }, "models.m.rules.0.to", "none of its targets"],
    [{ choose: "similarity", targets: ["one/a"], examples: [{ text: "x", to: "two/b" }] }, "models.m.examples.0.to", "none of its"],
    [{ choose: "cascade", targets: ["one/a"], minimumConfidence: 2 }, "models.m.minimumConfidence", ""],
    [{ targets: ["one/a"], dataClass: "private" }, "models.m.dataClass", "lists public, internal, personal, secret"],
    [{ targets: ["one/a"], clocks: { totalMs: 0 } }, "models.m.clocks.totalMs", ""],
  ])("that is wrong is named by its path: %j", (model, path, message) => {
    const problems = problemsOf(model);
    expect(problems.map(([where]) => where)).toEqual([path]);
    expect(problems[0]![1]).toContain(message);
  });

  test("has classes of data that the list knows, in its providers too", () => {
    const more = { dataClasses: ["open", "private"], providers: { one: { ...provider, dataClasses: ["open", "personal"] } } };
    expect(problemsOf({ targets: ["one/a"], dataClass: "private" }, more)).toEqual([
      ["providers.one.dataClasses.1", 'there is no data class "personal"; gateway.dataClasses lists open, private'],
    ]);
  });

  test("whatever is written is refused in words, and never throws", () => {
    const isProblem = ([path, message]: [string, string]) => path.startsWith("models.m") && message !== "";
    fc.assert(fc.property(fc.jsonValue(), (model) => problemsOf(model).length > 0 && problemsOf(model).every(isProblem)));
  });
});

test("keys are named as secrets, never written", () => {
  const parse = (keys: unknown) => configSchema.safeParse({ providers: { one: { ...provider, keys } } });
  expect(parse([secret("A"), secret("B")]).success).toBe(true);
  expect(parse([secret("A"), "hunter2"]).error!.issues).toMatchObject([{ path: ["providers", "one", "keys", 1] }]);
});
