import { describe, expect, test } from "vitest";
import { z } from "zod";
import { startScriptedUpstream } from "../../../test/scripted-upstream.ts";
import type { AppError } from "../../core/index.ts";
import { bestOf, examples, llm } from "../declare-llm.ts";
import { defineFunction } from "../define-function.ts";
import type { LlmOptions } from "../types.ts";
import { checkModels } from "./check-models.ts";
import { askingFunction, mailSheet, testGateway } from "./test-llm.ts";

type Options = Partial<LlmOptions<never, never>>;

function problemsOf(declare: () => unknown): { path: string; message: string }[] {
  try {
    declare();
    return [];
  } catch (error) {
    expect(error).toMatchObject({ code: "config_invalid" });
    return (error as AppError).details["problems"] as never;
  }
}

const declared = (options: Options) => problemsOf(() => askingFunction(options));

describe("the declaration of an llm variant", () => {
  test("names the path of each field that its texts speak of and the input has not", () => {
    expect(declared({ system: "{{who}}", prompt: "{{subject}} {{subject.inner}} {{body}}" })).toEqual([
      { path: "variants.asked.system", message: 'the input has no field "who"; it has subject, body' },
      { path: "variants.asked.prompt", message: 'the input has no field "subject.inner"; it has subject, body' },
    ]);
    expect(declared({ prompt: "{{a b}}" })).toMatchObject([{ path: "variants.asked.prompt" }]);
    expect(declared({ prompt: "{{ subject }}" })).toEqual([]);
  });

  test.each<[string, Options, string]>([
    ["no model", { model: "" }, "model"],
    ["nothing to ask", { prompt: undefined! }, "prompt"],
    ["messages that are no list", { messages: "subject" }, "messages"],
    ["a history of nothing", { history: { maxTokens: 10 } }, "history"],
    ["a temperature out of range", { temperature: 3 }, "temperature"],
    ["a bound that is none", { maxTokens: 0 }, "maxTokens"],
    ["a clock of no time", { clocks: { gapMs: 0 } }, "clocks.gapMs"],
    ["an output of another kind", { output: "text" as never }, "output"],
    ["an option nobody knows", { temprature: 1 } as never, ""],
  ])("refuses %s", (_what, options, path) => {
    expect(declared(options).map((problem) => problem.path)).toEqual([path === "" ? "variants.asked" : `variants.asked.${path}`]);
  });

  test("looks into optional, nested and open fields", () => {
    const input = z.object({ mail: z.object({ subject: z.string() }).optional(), tags: z.record(z.string(), z.string()), any: z.any() });
    const declare = (prompt: string) =>
      problemsOf(() =>
        defineFunction({ ...mailSheet, name: "deep", input, variants: { asked: llm({ model: "one/ok", prompt }) }, fallback: ["asked"] }),
      );
    expect(declare("{{mail.subject}} {{tags.colour}} {{any.thing}}")).toEqual([]);
    expect(declare("{{mail.body}}")).toHaveLength(1);
  });

  test("names a model that cannot be asked here before anything serves", async () => {
    const upstream = await startScriptedUpstream();
    const gateway = testGateway(upstream);
    await upstream.close();
    expect(() => checkModels([askingFunction({ model: "patient" })], gateway)).not.toThrow();
    expect(problemsOf(() => checkModels([askingFunction({ model: "nobody/ok" })], gateway))).toMatchObject([
      { path: "variants.asked.model" },
    ]);
    const classified = (dataClass: string) => ({ ...askingFunction({ model: "patient" }), dataClass });
    expect(() => checkModels([classified("personal")], gateway)).not.toThrow();
    expect(problemsOf(() => checkModels([classified("private")], gateway))).toEqual([
      { path: "dataClass", message: 'there is no data class "private"; gateway.dataClasses lists public, internal, personal, secret' },
    ]);
    const taught = (embedder: string) => askingFunction({ model: "patient" }, { taught: examples({ of: "asked", count: 1, embedder }) });
    for (const embedder of ["onnx/use-lite", "one/near"]) expect(() => checkModels([taught(embedder)], gateway)).not.toThrow();
    // The second is of a provider that makes none.
    for (const embedder of ["onnx/nobody", "two/near", "nobody/near"])
      expect(problemsOf(() => checkModels([taught(embedder)], gateway))).toMatchObject([{ path: "variants.taught.embedder" }]);
    gateway.close();
    expect(problemsOf(() => checkModels([askingFunction({})], undefined))).toMatchObject([{ path: "variants.asked.model" }]);
  });
});

describe("the declaration of a best-of variant", () => {
  test("names a variant that is an llm, and how many", () => {
    const declare = (options: { of?: string; count?: number }) =>
      problemsOf(() =>
        askingFunction(
          {},
          { best: bestOf({ of: "asked", count: 3, score: () => 1, ...options }), rules: () => ({ label: "ham", confidence: 1 }) },
        ),
      ).map(({ path }) => path);
    expect(declare({})).toEqual([]);
    expect(declare({ of: "nobody" })).toEqual(["variants.best.of"]);
    expect(declare({ of: "rules" })).toEqual(["variants.best.of"]);
    expect(declare({ count: 1 })).toEqual(["variants.best.count"]);
  });
});

describe("the declaration of an examples variant", () => {
  const rules = () => ({ label: "ham" as const, confidence: 1 });
  const declare = (options: object, asked: Parameters<typeof askingFunction>[0] = {}) =>
    problemsOf(() => askingFunction(asked, { taught: examples({ of: "asked", count: 4, ...options }), rules })).map(({ path }) => path);

  test("names a variant that is an llm, how many, and a text of the input", () => {
    expect(declare({})).toEqual([]);
    expect(declare({ by: "subject", minimumNearness: 0.3, from: "feedback" })).toEqual([]);
    expect(declare({ of: "nobody" })).toEqual(["variants.taught.of"]);
    expect(declare({ of: "rules" })).toEqual(["variants.taught.of"]);
    expect(declare({ count: 0 })).toEqual(["variants.taught.count"]);
    expect(declare({ by: "sender" })).toEqual(["variants.taught.by"]);
    expect(declare({ minimumNearness: 2 })).toEqual(["variants.taught.minimumNearness"]);
    expect(declare({ from: "memory" })).toEqual(["variants.taught.from"]);
    expect(declare({ embedder: "onnx/use-lite" })).toEqual([]);
    expect(declare({ embedder: "use-lite" })).toEqual(["variants.taught.embedder"]);
  });

  test("says how an output is written exactly where the model's own is plain text", () => {
    const output = () => ({ label: "ham" as const, confidence: 1 });
    expect(declare({}, { output })).toEqual(["variants.taught.write"]);
    expect(declare({ write: () => "ham" }, { output })).toEqual([]);
    expect(declare({ write: () => "ham" })).toEqual(["variants.taught.write"]);
  });
});
