import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { scriptedText } from "../../../test/scripted-upstream.ts";
import { type RoutingWorld, openRoutingWorld, refusalOf } from "./test-routing.ts";

const cascade = (targets: readonly string[], more: Record<string, unknown> = {}) => ({ choose: "cascade", targets, ...more });

describe("a cascade", () => {
  let world: RoutingWorld;
  beforeAll(async () => {
    const prices = (provider: string, output: string) => ({ provider, model: "*", from: "2020-01-01", perMillion: { input: "0", output } });
    world = await openRoutingWorld({
      providers: { small: {}, large: {}, claude: { dialect: "anthropic" }, answers: { dialect: "openai-responses" } },
      models: {
        sure: cascade(["small/confident:0.9", "large/ok"]),
        unsure: cascade(["small/confident:0.5", "large/ok"]),
        easy: cascade(["small/confident:0.5", "large/ok"], { minimumConfidence: 0.4 }),
        cut: cascade(["small/length", "claude/ok"]),
        mute: cascade(["claude/ok", "large/ok"]),
        strict: cascade(["claude/ok", "large/ok"], { unknown: "unsure" }),
        alone: cascade(["small/confident:0.5", "large/status:500"]),
        picky: cascade(["small/confident:0.5", "large/status:400", "large/ok"]),
        late: cascade(["small/confident:0.5", "large/slow-first:4000"], { clocks: { totalMs: 1000 } }),
        dead: cascade(["small/reset", "large/ok"]),
        wrong: cascade(["small/status:400", "large/ok"]),
        broken: cascade(["small/clean-cut-after:3", "large/ok"]),
        all: cascade(["small/status:500", "large/status:500"]),
      },
      more: { prices: [prices("small", "1"), prices("large", "10"), prices("claude", "100")] },
    });
  });
  beforeEach(() => {
    for (const { requests } of Object.values(world.upstreams)) requests.length = 0;
  });
  afterAll(() => world.close());

  describe.each([
    ["whole", false],
    ["streamed", true],
  ])("%s", (_form, stream) => {
    const ask = (model: string) => world.ask({ model, stream });

    test("ends with the first answer that is sure, and asks nobody else", async () => {
      const { outcome, steps } = await ask("sure");
      expect(outcome.target).toBe("small/confident:0.9");
      expect(outcome.answer!.logProbabilities).toHaveLength(9);
      expect(outcome.notes).toMatchObject({
        cascade: [{ target: "small/confident:0.9", confidence: expect.closeTo(0.9, 6), flaw: null }],
      });
      expect(steps.find(({ name }) => name.startsWith("cascade:"))).toMatchObject({
        details: { sure: true, cost: { amount: "0.000009" } },
      });
      expect(world.counts()["large"]).toBe(0);
    });

    test("asks the next when the probability is low; both are paid for, and the caller hears one answer", async () => {
      const { outcome, text } = await ask("unsure");
      expect(outcome.target).toBe("large/ok");
      expect(outcome.cost).toMatchObject({ amount: "0.000099" });
      expect(outcome.answer!.usage).toMatchObject({ output: 18 });
      expect(text.split("fox")).toHaveLength(2);
      expect((await ask("easy")).outcome.target).toBe("small/confident:0.5");
    });

    test("asks the next after a truncated answer, in another dialect too", async () => {
      const { outcome, text } = await ask("cut");
      expect(outcome.target).toBe("claude/ok");
      expect(outcome.notes).toMatchObject({ cascade: [{ target: "small/length", flaw: "length" }] });
      expect(text).toContain(stream ? "[DONE]" : scriptedText);
    });

    test("takes an answer without probabilities for sure, unless told otherwise", async () => {
      expect((await ask("mute")).outcome.target).toBe("claude/ok");
      expect((await ask("strict")).outcome.target).toBe("large/ok");
    });

    test.each(["alone", "picky", "late"])("gives the unsure answer when the better model fails, refuses or is late: %s", async (model) => {
      const { outcome, text } = await ask(model);
      expect(outcome).toMatchObject({ target: "small/confident:0.5", error: null, cost: { amount: "0.000009" } });
      expect(text).toContain("fox");
    });

    test.each(["dead", "broken"])("goes on after a failure: %s", async (model) => {
      const { outcome, text } = await ask(model);
      expect(outcome).toMatchObject({ target: "large/ok", error: null });
      expect(text.split("quick")).toHaveLength(2);
    });

    test("ends where the request is wrong, and where everybody fails", async () => {
      expect(await refusalOf(ask("wrong"))).toMatchObject({ code: "provider_refused" });
      expect(world.counts()["large"]).toBe(0);
      expect(await refusalOf(ask("all"))).toMatchObject({ code: "provider_failed" });
    });
  });

  test("asks only those for probabilities that can tell them, and the last not at all", async () => {
    await world.ask({ model: "strict" });
    await world.ask({ model: "unsure" });
    expect(world.upstreams["claude"]!.requests[0]!.body).not.toHaveProperty("logprobs");
    expect(world.upstreams["small"]!.requests[0]!.body).toMatchObject({ logprobs: true });
    for (const { body } of world.upstreams["large"]!.requests) expect(body).not.toHaveProperty("logprobs");
  });

  test("is not needed for the evidence to say how sure an answer was", async () => {
    for (const stream of [false, true]) {
      const { outcome } = await world.ask({ model: "small/confident:0.7", stream, more: { logprobs: true } });
      expect(outcome.notes).toEqual({ confidence: expect.closeTo(0.7, 6) });
    }
    expect((await world.ask({ model: "small/confident:0.7" })).outcome.notes).toBeUndefined();
  });

  test("is over when the caller is gone", async () => {
    const gone = new AbortController();
    gone.abort();
    expect(await refusalOf(world.ask({ model: "unsure", signal: gone.signal }))).toMatchObject({ code: "deadline_exceeded" });
    expect(world.counts()["large"]).toBe(0);
  });
});
