import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { alice, mailSheet } from "../../test/functions.ts";
import { AppError } from "../core/index.ts";
import { createBinding } from "./bindings.ts";
import { defineFunction, message } from "./index.ts";
import { StepRecorder } from "./recorder.ts";
import { type ChainInput, runChain } from "./run-chain.ts";
import type { FallbackStep } from "./types.ts";

const fails = () => {
  throw new AppError("provider_failed", "It is away.");
};
const abstains = () => undefined;
const answers = () => ({ label: "ham" as const, confidence: 1 });
const hangs = () => new Promise<undefined>(() => {});

/** Runs a chain of plain code; what each step was asked is in the steps, what answered in `name`. */
async function run(
  fallback: FallbackStep<"fails" | "abstains" | "answers" | "hangs" | "sorry">[],
  {
    input = {},
    budgetMs = 10_000,
    ...more
  }: Partial<Omit<ChainInput, "input">> & { input?: Record<string, unknown>; budgetMs?: number } = {},
) {
  const definition = defineFunction({
    ...mailSheet,
    input: z.object({ subject: z.string(), size: z.number().optional(), urgent: z.boolean().optional() }),
    name: "triage-mail",
    latencyBudgetMs: budgetMs,
    variants: { fails, abstains, answers, hangs, sorry: message({ output: answers() }) },
    fallback,
  });
  const plain: Readonly<Record<string, () => unknown>> = { fails, abstains, answers, hangs, sorry: answers };
  const recorder = new StepRecorder();
  const outcome = await runChain({
    context: alice,
    definition,
    chain: definition.fallback.map((name) => {
      const binding = createBinding("triage-mail", name, definition.variants[name]!.kind, { label: name, resolved: {} });
      return { name, variant: { binding, run: plain[name]! }, recordHead: "", drillHead: "", producedHead: "" };
    }),
    input: { subject: "hi", ...input },
    recorder,
    startedAt: performance.now(),
    totalMs: 60_000,
    drill: [],
    ...more,
  });
  return { ...outcome, name: outcome.candidate?.name, steps: recorder.steps };
}

const when = (text: string) => ["fails", { variant: "abstains", when: text }, "answers"] as const;

describe("a step with a condition", () => {
  test("that does not hold is skipped, with the condition in the evidence, and is no failure", async () => {
    const { name, failures, unmet, steps } = await run([{ variant: "fails", when: "metadata.tier == 'paid'" }, "answers"], {
      metadata: { tier: "free" },
    });
    expect(name).toBe("answers");
    expect(failures).toEqual([]);
    expect(unmet).toEqual([{ variant: "fails", when: "metadata.tier == 'paid'" }]);
    expect(steps).toMatchObject([
      { name: "fails", status: "skipped", durationMs: 0, details: { when: "metadata.tier == 'paid'" } },
      { name: "answers", status: "ok" },
    ]);
    expect(steps[0]).not.toHaveProperty("error");
  });

  test.each([
    ["failures == 1", true],
    ["lastError == 'provider_failed'", true],
    ["lastError in ['deadline_exceeded']", false],
    ["deadline.ms > 100 and deadline.ms <= 60000", true],
    ["deadline.ms > 60000", false],
    ["input.subject == 'hi'", true],
    // {"subject":"hi","size":3}
    ["input.bytes == 25", true],
    ["input.size < 4", true],
    ["input.urgent", false],
    ["input.urgent == false", false],
    ["not input.urgent", true],
    ["metadata.tier == 'free'", true],
    ["metadata.toString != 'x'", false],
  ])("%s is %s", async (text, expected) => {
    const { failures, unmet } = await run([...when(text)], { input: { size: 3 }, metadata: { tier: "free" } });
    expect(failures.map((failure) => failure.variant)).toEqual(expected ? ["fails", "abstains"] : ["fails"]);
    expect(unmet).toHaveLength(expected ? 0 : 1);
  });

  test("without metadata, a condition on it does not hold", async () => {
    expect((await run([...when("metadata.tier != 'paid'")])).unmet).toHaveLength(1);
  });

  test("a drill counts as a failure for the conditions after it, and does not hide a condition", async () => {
    const { name, failures, unmet } = await run(
      [
        { variant: "fails", when: "failures > 0" },
        { variant: "abstains", when: "failures == 0" },
        { variant: "answers", when: "failures == 1" },
      ],
      { drill: ["fails", "abstains"] },
    );
    expect(name).toBe("answers");
    expect(failures.map((failure) => failure.variant)).toEqual(["abstains"]);
    expect(unmet.map((each) => each.variant)).toEqual(["fails"]);
  });

  test("when no condition holds nobody answers, and nothing failed", async () => {
    const { name, failures, unmet } = await run([{ variant: "answers", when: "failures > 0" }]);
    expect({ name, failures, unmet: unmet.length }).toEqual({ name: undefined, failures: [], unmet: 1 });
  });
});

describe("time", () => {
  test("one that hangs takes its own budget, not that of those after it", async () => {
    const { name, steps } = await run(["hangs", "answers", "sorry"], { budgetMs: 200 });
    expect(name).toBe("answers");
    expect(steps).toMatchObject([
      { name: "hangs", status: "timeout" },
      { name: "answers", status: "ok" },
    ]);
  });

  test("a plain message is said however late it is, before the last of a chain too", async () => {
    const late = { startedAt: performance.now() - 50_000, totalMs: 60_000 };
    const { name, steps } = await run(["answers", "sorry", "abstains"], late);
    expect(name).toBe("sorry");
    expect(steps).toMatchObject([
      { name: "answers", status: "timeout", error: "deadline_exceeded" },
      { name: "sorry", status: "ok" },
    ]);
    expect((await run(["sorry"], { ...late, totalMs: 40_000 })).name).toBeUndefined();
  });
});

describe("property: of any chain", () => {
  const names = ["fails", "abstains", "answers"] as const;
  const step = fc.record({
    name: fc.constantFrom(...names),
    when: fc.constantFrom("always", "never", "after a failure"),
    drilled: fc.boolean(),
  });
  const conditions = { always: "failures >= 0", never: "failures < 0", "after a failure": "failures > 0" } as const;

  test("the first step answers that may be asked and can; every step before it is in the evidence once, with its reason", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(step, { selector: ({ name }) => name, minLength: 1 }), async (steps) => {
        const expected: [name: string, outcome: string][] = [];
        for (const { name, when, drilled } of steps) {
          const failures = expected.filter(([, outcome]) => outcome !== "unmet").length;
          if (when === "never" || (when === "after a failure" && failures === 0)) expected.push([name, "unmet"]);
          else if (drilled) expected.push([name, "drilled"]);
          else expected.push([name, name]);
          if (expected.at(-1)![1] === "answers") break;
        }
        const ran = await run(
          steps.map(({ name, when }) => ({ variant: name, when: conditions[when] })),
          { drill: steps.filter((each) => each.drilled).map((each) => each.name) },
        );
        const seen = ran.steps.map((each) => {
          if (each.status === "ok") return [each.name, "answers"];
          if (each.status === "skipped") return [each.name, each.details?.["when"] === undefined ? "drilled" : "unmet"];
          return [each.name, each.error === "provider_failed" ? "fails" : "abstains"];
        });
        expect(seen).toEqual(expected);
        expect(ran.name).toBe(expected.at(-1)![1] === "answers" ? "answers" : undefined);
        expect(ran.failures).toHaveLength(expected.filter(([, outcome]) => outcome !== "unmet" && outcome !== "answers").length);
        expect(ran.unmet).toHaveLength(expected.filter(([, outcome]) => outcome === "unmet").length);
      }),
    );
  });
});
