import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { createManualClock, createRandom, secret } from "../core/index.ts";
import { configSchema } from "./config.ts";
import { createPriceTable } from "./money/price-table.ts";
import { createTargetBoard } from "./reliability/target-board.ts";
import { reportModels } from "./report-models.ts";
import { type RoutingWorld, openRoutingWorld } from "./routing/test-routing.ts";

const names = ["MILLRACE_TEST_REPORT_A", "MILLRACE_TEST_REPORT_B"];
beforeAll(() => {
  for (const name of names) vi.stubEnv(name, `text-of-${name.slice(-1)}`);
});
afterAll(() => void vi.unstubAllEnvs());

let world: RoutingWorld;
afterEach(() => world.close());

const start = 1_800_000_000_000;
const [first, ...others] = names.map((name) => secret(name));
const target = (name: string) => world.gateway.report().targets.find((each) => each.name === name);
const failing = (model: string) => world.ask({ model }).catch(() => undefined);

test("a name, its targets in order, their provider, price and classes of data are told before anything was asked", async () => {
  world = await openRoutingWorld({
    providers: { one: { key: first, region: "eu", dataClasses: ["public"], concurrency: { most: 5 } }, claude: { dialect: "anthropic" } },
    models: { careful: { targets: ["one/ok", "claude/ok", "onnx/use-lite"], choose: "weighted", weights: [1, 2, 3], regions: ["eu"] } },
    more: { prices: [{ provider: "one", model: "o*", from: "2020-01-01", perMillion: { input: "0.25", output: "2" } }] },
  });
  expect(world.gateway.report()).toEqual({
    providers: ["one", "claude"],
    aliases: [{ name: "careful", choose: "weighted", targets: ["one/ok", "claude/ok", "onnx/use-lite"], dataClass: null, regions: ["eu"] }],
    windowSeconds: 300,
    targets: [
      {
        name: "one/ok",
        provider: "one",
        dialect: "openai",
        region: "eu",
        dataClasses: ["public"],
        price: { from: "2020-01-01", currency: "USD", perMillion: { input: "0.25", output: "2" } },
        circuit: { state: "closed", triesAgainAt: null },
        inFlight: 0,
        queued: 0,
        most: 5,
        tries: 0,
        failures: 0,
        firstTokenMs: null,
        wholeMs: null,
        keys: [{ place: 1, state: "ready", restsUntil: null, circuit: "closed", inFlight: null }],
      },
      expect.objectContaining({ name: "claude/ok", dialect: "anthropic", price: null, keys: [] }),
      expect.objectContaining({ name: "onnx/use-lite", dialect: "built-in", most: null }),
    ],
  });
});

test("models in files are told as they are, asked or not", () => {
  const clock = createManualClock(start);
  const report = reportModels({
    // No gateway is made of it: its package need not be installed.
    config: configSchema.parse({ local: { tiny: { path: "/nowhere/tiny.gguf", dataClasses: ["secret"] } } }),
    board: createTargetBoard({ clock, random: createRandom(1) }),
    prices: createPriceTable(),
    clock,
  });
  expect(report).toMatchObject({
    providers: ["local"],
    aliases: [],
    targets: [
      { name: "local/tiny", dialect: "built-in", most: 1, dataClasses: ["secret"], price: null, keys: [], circuit: { state: "closed" } },
    ],
  });
});

test("a target that keeps failing is open, says when it is tried again, then half-open; its failures are forgotten in time", async () => {
  const clock = createManualClock(start);
  world = await openRoutingWorld({ providers: { one: {} }, models: { weak: "one/status:500" }, clock });
  for (let call = 0; call < 10; call++) await failing("weak");
  expect(target("one/status:500")).toMatchObject({
    circuit: { state: "open", triesAgainAt: new Date(start + 10_000).toISOString() },
    tries: 10,
    failures: 10,
    // Of no answer there is no time.
    wholeMs: null,
  });
  clock.advance(10_000);
  expect(target("one/status:500")!.circuit).toEqual({ state: "half-open", triesAgainAt: null });
  clock.advance(600_000);
  expect(target("one/status:500")).toMatchObject({ tries: 0, failures: 0 });
});

test("a request the provider refuses as wrong is no failure of the target", async () => {
  world = await openRoutingWorld({ providers: { one: {} } });
  await failing("one/status:400");
  expect(target("one/status:400")).toMatchObject({ tries: 1, failures: 0 });
});

test("a target that is asked by its own name is told while that is lately", async () => {
  const clock = createManualClock(start);
  world = await openRoutingWorld({ providers: { one: {} }, clock });
  await world.ask({ model: "one/ok", stream: true });
  const found = target("one/ok")!;
  expect(found).toMatchObject({ inFlight: 0, tries: 1, failures: 0, wholeMs: null });
  expect(found.firstTokenMs).toBeGreaterThan(0);
  clock.advance(600_000);
  expect(target("one/ok")).toBeUndefined();
});

test("a stream counts as under way until its end, what waits as queued, and one that breaks off as failed", async () => {
  world = await openRoutingWorld({
    providers: { one: { concurrency: { most: 1, queue: 2, waitMs: 5000 } } },
    models: { slow: "one/slow-between:10" },
  });
  const calls = [world.ask({ model: "slow", stream: true }), world.ask({ model: "slow", stream: true })];
  await expect.poll(() => target("one/slow-between:10"), { interval: 5 }).toMatchObject({ inFlight: 1, queued: 1, most: 1 });
  await Promise.all(calls);
  expect(target("one/slow-between:10")).toMatchObject({ inFlight: 0, queued: 0, tries: 2, failures: 0 });
  await world.ask({ model: "one/reset-after:5", stream: true });
  expect(target("one/reset-after:5")).toMatchObject({ inFlight: 0, tries: 1, failures: 1 });
});

test("of several keys the one that was turned away rests until it is back, and no key's text is told", async () => {
  const clock = createManualClock(start);
  world = await openRoutingWorld({
    providers: { one: { key: first, keys: others } },
    models: { careful: "one/refuses-key:401:-A" },
    clock,
  });
  await expect
    .poll(async () => {
      await world.ask({ model: "careful" });
      return target("one/refuses-key:401:-A")!.keys[0]!.state;
    })
    .toBe("resting");
  const found = target("one/refuses-key:401:-A")!;
  expect(found.keys).toEqual([
    { place: 1, state: "resting", restsUntil: new Date(start + 300_000).toISOString(), circuit: "closed", inFlight: 0 },
    { place: 2, state: "ready", restsUntil: null, circuit: "closed", inFlight: 0 },
  ]);
  expect(found.circuit.state).toBe("closed");
  expect(JSON.stringify(world.gateway.report())).not.toContain("text-of-");
  clock.advance(300_000);
  expect(target("one/refuses-key:401:-A")!.keys[0]).toMatchObject({ state: "ready", restsUntil: null });
});
