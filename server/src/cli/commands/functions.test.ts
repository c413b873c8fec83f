import { expect, test } from "vitest";
import { answers } from "../test-answers.ts";
import { functionDetail } from "../test-records.ts";
import { runCli } from "../test-terminal.ts";

test("a function's page shows the chain with the conditions of its steps", async () => {
  const detail = { ...functionDetail, fallback: ["learned", "constructor", "rules"], conditions: { rules: "failures > 0" } };
  const { out } = await runCli(["functions", "show", "triage-mail"], { ...answers, "functions.get": () => detail });
  expect(out).toContain("learned → constructor → rules (when failures > 0)");
  expect((await runCli(["functions", "show", "triage-mail"], answers)).out).toContain("learned → rules\n");
});
