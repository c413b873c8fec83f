import { describe, expect, test } from "vitest";
import { exitCodes } from "../exit-codes.ts";
import { answers } from "../test-answers.ts";
import { inferenceDetail, inferenceId as id } from "../test-records.ts";
import { Refusal, runCli } from "../test-terminal.ts";

describe("explain", () => {
  test("tells the whole story of a misread message on one page", async () => {
    const { out } = await runCli(["explain", id], answers);
    for (const part of [
      'It answered "spam" with confidence 81.2 %. Misread: the true label is "ham".',
      "may label a message, may not delete or answer one",
      "12.4 ms of a budget of 50 ms",
      "Meeting on Thursday",
      "fallback  yes, because learned failed (thread_died)",
      "triage-mail@1 (now champion)",
      "trained on         mail@1",
      "thresholds minimum confidence",
      "config hash",
      "reader",
      "release.promote",
      "millrace audit verify",
    ]) {
      expect(out).toContain(part);
    }
  });

  test("shows the start of a long input, and all of it when asked", async () => {
    const short = await runCli(["explain", id], answers);
    expect(short.out).toContain("more lines");
    const full = await runCli(["explain", id, "--full"], answers);
    expect(full.out.match(/A long point about the budget/g)).toHaveLength(20);
  });

  test("says what this key may not see instead of failing", async () => {
    const refuse = () => {
      throw new Refusal("forbidden", 403);
    };
    const ran = await runCli(["explain", id], {
      "inferences.get": answers["inferences.get"]!,
      "functions.get": refuse,
      "models.getVersion": refuse,
      "governance.listAudit": refuse,
    });
    expect(ran.code).toBe(0);
    expect(ran.out).toContain("this key may not read the audit log");
  });

  test("gives what failed as the reason of a fallback, not a step whose condition did not hold; both are among the steps", async () => {
    const step = { kind: "variant", startMs: 0, durationMs: 1 };
    const steps = [
      { ...step, name: "careful", status: "skipped", details: { when: "metadata.tier == 'paid'" } },
      { ...step, name: "small", status: "failed", error: "variant_failed" },
      { ...step, name: "sorry", status: "ok", details: { degraded: { kind: "message" } } },
    ];
    const produced = { degraded: { kind: "message" } };
    const { out } = await runCli(["explain", id], { ...answers, "inferences.get": () => ({ ...inferenceDetail, steps, produced }) });
    expect(out).toContain("fallback  yes, because small failed (variant_failed)\n");
    expect(out).toMatch(/careful +variant +skipped .* when metadata\.tier == 'paid'/);
    expect(out).toMatch(/degraded kind +message/);
  });

  test("shows what each ask of a model cost, and says where that is not known", async () => {
    const ask = { kind: "ask", startMs: 1, durationMs: 2 };
    const steps = [
      {
        ...ask,
        name: "small",
        status: "failed",
        error: "invalid_output",
        details: { output: "invalid", cost: { amount: "0.000007", currency: "USD" } },
      },
      { ...ask, name: "large", status: "timeout", error: "deadline_exceeded", details: { cost: null } },
      { ...ask, name: "rules", kind: "variant", status: "ok" },
      // An attempt within the first ask, whose cost that one counts too.
      { ...ask, name: "lost", kind: "llm", status: "failed", details: { cost: { amount: "0.000002", currency: "USD" } } },
    ];
    const { out } = await runCli(["explain", id], { ...answers, "inferences.get": () => ({ ...inferenceDetail, steps }) });
    expect(out).toMatch(/COST/);
    expect(out).toMatch(/small.*0\.000007 USD.*output invalid/);
    expect(out).toMatch(/large.*unknown/);
    expect(out).toMatch(/lost.*\(0\.000002 USD\)/);
    expect((await runCli(["explain", id], answers)).out).not.toMatch(/COST/);
  });

  test("explains a foundation model by its bare name, which is no function of the configuration", async () => {
    const ran = await runCli(["explain", id], {
      ...answers,
      "inferences.get": () => ({ ...inferenceDetail, function: "model:one/small", variant: "one/small", binding: null }),
      "functions.get": () => {
        throw new Refusal("invalid_request", 400);
      },
    });
    expect(ran.code).toBe(0);
    expect(ran.out).toContain("model:one/small");
  });

  test("does not hide a server that fails", async () => {
    const ran = await runCli(["explain", id], {
      ...answers,
      "functions.get": () => {
        throw new Refusal("internal", 500);
      },
    });
    expect(ran.code).toBe(exitCodes.failed);
  });

  test("tells right, unlabelled and refused ones apart", async () => {
    const sentence = async (change: object) =>
      (await runCli(["explain", id], { ...answers, "inferences.get": () => ({ ...inferenceDetail, ...change }) })).out.split("\n")[1];
    expect(await sentence({ feedbackLabel: "spam" })).toBe('It answered "spam" with confidence 81.2 %. That was right.');
    expect(await sentence({ feedbackLabel: null })).toContain("No true label has come back yet.");
    expect(await sentence({ status: "refused", error: "rate_limited" })).toBe("It gave no answer: refused, rate_limited.");
  });

  test("lets no message control the terminal", async () => {
    const { out } = await runCli(["explain", id], {
      ...answers,
      "inferences.get": () => ({
        ...inferenceDetail,
        input: { subject: "\u001B[2J\u001B]0;owned\u0007", body: "x\u0000y" },
        label: "\u001B[31mspam",
      }),
    });
    expect(/[\u0000-\u0008\u000B-\u001F]/.test(out)).toBe(false);
  });
});
