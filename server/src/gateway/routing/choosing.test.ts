import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type RoutingWorld, openRoutingWorld, refusalOf } from "./test-routing.ts";

const targets = ["one/ok", "two/ok", "three/ok"];
const long = "A prompt that is worth keeping. ".repeat(200);

describe("a model that says how to choose", () => {
  let world: RoutingWorld;
  beforeAll(async () => {
    world = await openRoutingWorld({
      providers: { one: {}, two: { dialect: "anthropic" }, three: {} },
      models: {
        drawn: { choose: "weighted", targets, weights: [3, 1, 0] },
        ruled: {
          choose: "rules",
          targets,
          rules: [
            { when: "metadata.tier == 'gold'", to: "three/ok" },
            { when: "input.bytes > 2000 or tools", to: "two/ok" },
            { when: "user == 'ada' and stream", to: "three/ok" },
          ],
        },
        cheap: { choose: "cheapest", targets: [...targets, "one/unpriced"] },
        quick: { choose: "fastest", targets: ["one/slow-first:80", "two/ok"], explore: 0 },
        curious: { choose: "fastest", targets: ["one/ok", "two/ok"], explore: 0.5 },
        like: {
          choose: "similarity",
          targets,
          examples: [
            { text: "Write a function that sorts an array in Rust", to: "two/ok" },
            { text: "Please translate this letter into French", to: "three/ok" },
          ],
        },
        anthropic: { choose: "rules", targets: ["two/ok"], rules: [{ when: "metadata.tier == 'gold'", to: "two/ok" }] },
        broken: { choose: "rules", targets: ["one/status:500", "two/ok"], rules: [{ when: "input.messages > 0", to: "one/status:500" }] },
      },
      more: {
        prices: [
          { provider: "one", model: "ok", from: "2020-01-01", perMillion: { input: "3", output: "4" } },
          { provider: "two", model: "ok", from: "2020-01-01", perMillion: { input: "1", output: "10" } },
          { provider: "three", model: "ok", from: "2020-01-01", perMillion: { input: "5", output: "3" } },
        ],
      },
    });
  });
  beforeEach(() => {
    for (const { requests } of Object.values(world.upstreams)) requests.length = 0;
  });
  afterAll(() => world.close());

  test("draws by weight, and never a weight of nothing", async () => {
    for (let index = 0; index < 60; index++) await world.ask({ model: "drawn" });
    const { one, two, three } = world.counts();
    expect(three).toBe(0);
    expect(one! + two!).toBe(60);
    // Forty-five are expected; fewer than thirty are less likely than one in ten thousand.
    expect(one).toBeGreaterThanOrEqual(30);
    expect(two).toBeGreaterThan(0);
  });

  test("keeps a session where it is, whatever tells it", async () => {
    const sessions = [
      { more: { prompt_cache_key: "a" } },
      { more: { user: "bob" } },
      { more: { metadata: { session: "s-1" } } },
      { text: long },
    ] as const;
    for (const session of sessions) {
      const answered = new Set<string | null>();
      for (let index = 0; index < 6; index++) answered.add((await world.ask({ model: "drawn", ...session })).outcome.target);
      expect(answered.size).toBe(1);
    }
  });

  test.each([
    [{ more: { metadata: { tier: "gold" } } }, "three/ok", "rule 1: "],
    [{ text: long }, "two/ok", "rule 2: "],
    [{ more: { user: "ada" }, stream: true }, "three/ok", "rule 3: "],
    [{ more: { user: "ada" } }, "one/ok", "no rule holds"],
  ])("goes by the first rule that holds: %#", async (call, target, why) => {
    const { outcome, steps } = await world.ask({ model: "ruled", ...call });
    expect(outcome).toMatchObject({ target, chosen: target, notes: { route: { choose: "rules", chosen: target } } });
    expect(steps[0]).toMatchObject({ name: "route:rules", kind: "policy", details: { why: expect.stringContaining(why) } });
  });

  test("asks the cheapest for this request, which is another for a long answer; an unknown price last", async () => {
    expect((await world.ask({ model: "cheap", text: long, more: { max_tokens: 1 } })).outcome.target).toBe("two/ok");
    const { outcome, steps } = await world.ask({ model: "cheap", more: { max_tokens: 5000 } });
    expect(outcome.target).toBe("three/ok");
    expect(steps[0]!.details).toMatchObject({
      targets: ["three/ok", "one/ok", "two/ok", "one/unpriced"],
      why: expect.stringContaining("$0.01"),
    });
  });

  test("asks the fastest once it knows both, and keeps streams apart", async () => {
    for (const stream of [false, true]) {
      const answered: (string | null)[] = [];
      for (let index = 0; index < 4; index++) answered.push((await world.ask({ model: "quick", stream })).outcome.target);
      expect(answered).toEqual(["one/slow-first:80", "two/ok", "two/ok", "two/ok"]);
    }
  });

  test("looks now and then how the others are doing", async () => {
    const why = new Set<unknown>();
    for (let index = 0; index < 40; index++) why.add((await world.ask({ model: "curious" })).steps[0]!.details!["why"]);
    expect([...why]).toContain("to see how fast it is");
  });

  test.each([
    ["write a function to sort arrays in Rust please", "two/ok"],
    ["translate the letter into french", "three/ok"],
    ["多谢", "one/ok"],
    ["zzz", "one/ok"],
  ])("goes where the most similar example goes: %s", async (text, target) => {
    expect((await world.ask({ model: "like", text })).outcome.target).toBe(target);
  });

  test("goes on to the others when the chosen one fails", async () => {
    const { outcome } = await world.ask({ model: "broken" });
    expect(outcome).toMatchObject({ target: "two/ok", chosen: "one/status:500" });
  });

  test("has what was said to the gateway alone carried to no dialect that would refuse it, and all else refused there", async () => {
    const metadata = { session: "s-1", tier: "gold" };
    const { outcome } = await world.ask({ model: "anthropic", more: { metadata } });
    expect(outcome.target).toBe("two/ok");
    expect(await refusalOf(world.ask({ model: "anthropic", more: { metadata: { ...metadata, colour: "red" } } }))).toMatchObject({
      code: "untranslatable",
    });
    await world.ask({ model: "one/ok", more: { metadata } });
    expect(world.upstreams["one"]!.requests[0]!.body["metadata"]).toEqual(metadata);
  });

  test("is not asked for by the name of a target", async () => {
    expect((await refusalOf(Promise.resolve().then(() => world.gateway.resolve("none")))).code).toBe("unknown_model");
    expect((await world.ask({ model: "one/ok" })).outcome.notes).toBeUndefined();
  });
});
