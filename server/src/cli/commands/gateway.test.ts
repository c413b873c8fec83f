import { describe, expect, test } from "vitest";
import { answers } from "../test-answers.ts";
import { gatewayModels } from "../test-gateway-answers.ts";
import { runCli } from "../test-terminal.ts";

const [target] = gatewayModels.targets;
const show = async (models: unknown) => (await runCli(["gateway", "models"], { ...answers, "gateway.models": () => models })).out;

describe("the list of models", () => {
  test("says of each target its state, its keys, what is under way, what failed, and its price", async () => {
    const out = await show(gatewayModels);
    expect(out).toMatch(/careful +order +openai\/gpt-5-mini +personal, eu/);
    expect(out).toMatch(/open until 10:58:03 +0 of 2 +3 of 3 \+1 waiting +130 of 240 +312\.4 ms +– +0\.25 \/ 2/);
  });

  test("tells a target that is tried just then from one that is up", async () => {
    expect(await show({ ...gatewayModels, targets: [{ ...target, circuit: { state: "half-open", triesAgainAt: null } }] })).toContain(
      "half-open",
    );
    const ready = { ...target, circuit: { state: "closed", triesAgainAt: null }, keys: [], price: null, most: null, queued: 0 };
    expect(await show({ ...gatewayModels, targets: [ready] })).toMatch(/up +– +3 +130 of 240 +312\.4 ms +– +–/);
  });

  test("says where a provider is configured when there is none", async () => {
    expect(await show({ ...gatewayModels, providers: [], aliases: [], targets: [] })).toContain(
      "No provider is configured: see docs/gateway.md.",
    );
  });
});

test("the traffic of models is told with its cost, and an empty one with its time", async () => {
  const full = await runCli(["gateway", "traffic"], answers);
  expect(full.out).toMatch(/careful +openai\/gpt-5-mini +1,204 +3 +12 +812\.4 ms +4\.01 s +1\.2345 +2/);
  const none = { since: "2026-11-21T10:58:03.120Z", capped: false, items: [] };
  const { out } = await runCli(["gateway", "traffic"], { ...answers, "gateway.traffic": () => none });
  expect(out).toContain("No model was asked by its name since 2026-11-21 10:58:03 UTC.");
});
