import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { alice, ask, type TestFunctions, useFunctions } from "../../../test/functions.ts";
import { type ScriptedUpstream, startScriptedUpstream } from "../../../test/scripted-upstream.ts";
import type { Gateway } from "../../gateway/index.ts";
import { askingFunction, testGateway } from "./test-llm.ts";

const running = useFunctions();
let upstream: ScriptedUpstream;
const gateways: Gateway[] = [];
beforeAll(async () => {
  upstream = await startScriptedUpstream();
});
afterEach(() => {
  upstream.requests.splice(0);
  for (const gateway of gateways.splice(0)) gateway.close();
});
afterAll(() => upstream.close());

const good = '{"label":"spam","confidence":0.9}';

/** Where the model does not answer, `rules` does. */
function start(
  gatewayConfig: object,
  options: { model?: string; dataClass?: string; fallback?: readonly string[] } = {},
): Promise<TestFunctions> {
  const gateway = testGateway(upstream, gatewayConfig);
  gateways.push(gateway);
  const { model, ...more } = { model: "one/ok", ...options };
  const asking = askingFunction({ model, parameters: { script: [good] } }, { rules: () => ({ label: "ham", confidence: 0.5 }) });
  return running.start({ definitions: [{ ...asking, ...more }], gateway });
}

const variantOf = async (open: TestFunctions, metadata?: Record<string, string>) =>
  (await ask(open, metadata === undefined ? {} : { metadata })).variant;

async function newest({ functions, stored }: TestFunctions) {
  await stored();
  const { items } = await functions.listInferences(alice, { limit: 1 });
  return functions.getInference(alice, items[0]!.id);
}

describe("what the caller of a function says of his call", () => {
  test.each([
    ["a tag", "tag:team", "team"],
    ["the end user", "user", "user"],
  ])("counts against the budget of %s, each apart", async (_what, per, key) => {
    const open = await start({ budgets: [{ name: "each", per, limits: { requests: 1 }, windowSeconds: 3600 }] });
    expect(await variantOf(open, { [key]: "blue" })).toBe("asked");
    expect(await variantOf(open, { [key]: "blue" })).toBe("rules");
    expect((await newest(open)).steps.map(({ error }) => error)).toContain("budget_exceeded");
    expect(await variantOf(open, { [key]: "green" })).toBe("asked");
    expect(upstream.requests).toHaveLength(2);
  });

  test("raises the class of its data: only providers that list it are asked", async () => {
    const open = await start({});
    expect(await variantOf(open)).toBe("asked");
    expect(await variantOf(open, { data_class: "personal" })).toBe("rules");
    expect((await newest(open)).steps.map(({ error }) => error)).toContain("data_class_refused");
    expect(upstream.requests).toHaveLength(1);
  });

  test("cannot lower that of the function", async () => {
    const open = await start({}, { dataClass: "personal" });
    expect(await variantOf(open, { data_class: "public" })).toBe("rules");
    expect(upstream.requests).toHaveLength(0);
  });

  test("is an error where it names no class, and nothing is asked or billed", async () => {
    const open = await start({});
    expect(await variantOf(open, { data_class: "privat" })).toBe("rules");
    expect(upstream.requests).toHaveLength(0);
    const found = await newest(open);
    expect(found.steps.find(({ kind }) => kind === "ask")).toMatchObject({ status: "failed", error: "invalid_request" });
    expect(found.produced).toMatchObject({ asks: 1, cost: { amount: "0" } });
  });

  test.each([
    ["a tag", "metadata.tier == 'gold'", { tier: "gold" }],
    ["the end user", "user == 'ada'", { user: "ada" }],
  ])("is what a rule looks at: %s", async (_what, when, metadata) => {
    const rules = [{ when, to: "one/echo" }];
    const open = await start(
      {
        models: { routed: { choose: "rules", targets: ["one/ok", "one/echo"], rules } },
        cache: { exact: { functions: ["triage-mail"], anyTemperature: true } },
      },
      { model: "routed" },
    );
    await variantOf(open);
    await variantOf(open, metadata);
    expect(upstream.requests.map(({ body }) => body["model"])).toEqual(["ok", "echo"]);
  });

  test("is sent to no provider", async () => {
    const open = await start({});
    await variantOf(open, { team: "a-team-of-ours", user: "ada-of-ours" });
    expect(JSON.stringify(upstream.requests[0]!.body)).not.toContain("of-ours");
  });

  test("holds for a shadow too", async () => {
    const open = await start({}, { fallback: ["rules"] });
    const { functions } = open;
    const bind = (variant: string) => functions.bind(alice, { function: "triage-mail", variant });
    const [stable, shadow] = [await bind("rules"), await bind("asked")];
    const arms = [
      { binding: stable.hash, variant: "rules", role: "stable" as const, share: 1 },
      { binding: shadow.hash, variant: "asked", role: "shadow" as const, share: 0 },
    ];
    await running.store.sql.as(alice, (tx) => functions.setArms(tx, { function: "triage-mail", release: null, arms }));
    await open.hotState.refresh();
    await expect.poll(() => functions.readyBindings()).toContain(shadow.hash);
    const raised = await ask(open, { metadata: { data_class: "personal" } });
    const plain = await ask(open);
    const errorsOf = async ({ inferenceId }: { inferenceId: string }) => {
      await open.stored();
      return (await functions.getInference(alice, inferenceId)).shadows.map(({ error }) => error);
    };
    await expect.poll(() => errorsOf(raised)).toEqual(["data_class_refused"]);
    await expect.poll(() => errorsOf(plain)).toEqual([null]);
    expect(upstream.requests).toHaveLength(1);
  });
});
