import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { createManualClock, secret } from "../../core/index.ts";
import { type RoutingWorld, openRoutingWorld, refusalOf } from "./test-routing.ts";

const names = ["MILLRACE_TEST_KEY_A", "MILLRACE_TEST_KEY_B", "MILLRACE_TEST_KEY_C"];
const [first, ...others] = names.map((name) => secret(name));

beforeAll(() => {
  for (const name of names) vi.stubEnv(name, `text-of-${name.slice(-1)}`);
});
afterAll(() => void vi.unstubAllEnvs());

let world: RoutingWorld;
afterEach(() => world.close());

const clock = createManualClock(1_800_000_000_000);
const open = (more: Record<string, unknown> = {}) =>
  openRoutingWorld({
    providers: { one: { key: first, keys: others, ...more }, two: {}, claude: { dialect: "anthropic", keys: others } },
    models: { both: ["one/refuses-key:401:-A", "two/ok"], limited: ["one/refuses-key:429::7", "two/ok"] },
    clock,
  });

/** By its last letter, in the order of arrival. */
const sent = (provider = "one") =>
  world.upstreams[provider]!.requests.map(({ headers }) => String(headers.authorization ?? headers["x-api-key"]).slice(-1));

describe("a provider with several keys", () => {
  test("has calls spread over them, in its own way of sending a key", async () => {
    world = await open();
    for (let call = 0; call < 30; call++) await world.ask({ model: "one/ok" });
    for (let call = 0; call < 12; call++) await world.ask({ model: "claude/ok" });
    expect(new Set(sent())).toEqual(new Set(["A", "B", "C"]));
    expect(new Set(sent("claude"))).toEqual(new Set(["B", "C"]));
  });

  test("keeps a session on one key, and the order of its messages", async () => {
    world = await open();
    const messages = [
      { role: "system", content: "s" },
      { role: "user", content: "1" },
      { role: "assistant", content: "2" },
      { role: "user", content: "3" },
    ];
    for (const user of ["ada", "bob", "eve", "zoe", "kim", "lee"])
      for (let call = 0; call < 3; call++) await world.ask({ model: "one/ok", more: { user, messages } });
    const keys = sent();
    for (let index = 0; index < 18; index += 3) expect(new Set(keys.slice(index, index + 3)).size).toBe(1);
    expect(new Set(keys).size).toBeGreaterThan(1);
    for (const { body } of world.upstreams["one"]!.requests) expect(body["messages"]).toEqual(messages);
  });

  test("keeps a long beginning on one key while the conversation grows", async () => {
    world = await open();
    const system = { role: "system", content: "Be brief. ".repeat(500) };
    const messages = [system, { role: "user", content: "Hello" }];
    for (let turn = 0; turn < 6; turn++) {
      await world.ask({ model: "one/ok", more: { messages: [...messages] } });
      messages.push({ role: "assistant", content: "Yes?" }, { role: "user", content: `And ${turn}?` });
    }
    expect(new Set(sent()).size).toBe(1);
  });

  test("asks with another when one is refused, at once, and leaves that one alone for a while", async () => {
    world = await open();
    const steps = [];
    for (let call = 0; call < 20; call++) {
      const answered = await world.ask({ model: "both" });
      expect(answered.outcome.target).toBe("one/refuses-key:401:-A");
      steps.push(...answered.steps);
    }
    expect(sent().filter((key) => key === "A")).toHaveLength(1);
    const refused = steps.filter(({ status }) => status === "failed");
    expect(refused).toMatchObject([{ details: { key: 1, status: 401, message: expect.stringContaining("key 1 of those") } }]);
    expect(JSON.stringify(steps)).not.toContain("text-of");
    clock.advance(300_000);
    for (let call = 0; call < 20; call++) await world.ask({ model: "both" });
    expect(sent().filter((key) => key === "A")).toHaveLength(2);
  });

  test("is passed over while each of them rests, until the first is back", async () => {
    world = await open();
    expect((await world.ask({ model: "limited" })).outcome.target).toBe("two/ok");
    expect(sent().toSorted()).toEqual(["A", "B", "C"]);
    const { outcome, steps } = await world.ask({ model: "limited" });
    expect(outcome.target).toBe("two/ok");
    expect(steps).toContainEqual(
      expect.objectContaining({ name: "one/refuses-key:429::7", status: "skipped", details: { keys: "resting" } }),
    );
    expect(sent()).toHaveLength(3);
    expect(await refusalOf(world.ask({ model: "one/refuses-key:429::7" }))).toMatchObject({
      code: "provider_busy",
      details: { retryAfterSeconds: 7 },
    });
    clock.advance(7000);
    await world.ask({ model: "limited" });
    expect(sent()).toHaveLength(6);
  });

  test("has a circuit for each: a key that fails is left alone, the others are not", async () => {
    world = await open();
    const model = "one/refuses-key:500:-B";
    const answered: boolean[] = [];
    for (let call = 0; call < 120; call++) answered.push((await world.ask({ model }).catch(() => undefined)) !== undefined);
    // So many failures open it; from then on the others answer everything.
    expect(sent().filter((key) => key === "B")).toHaveLength(10);
    expect(answered.slice(-20)).not.toContain(false);
  });
});
