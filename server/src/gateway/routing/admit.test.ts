import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createCapabilityTable, whatLacks } from "./capability-table.ts";
import { dataClassOf } from "./data-class.ts";
import { type RoutingWorld, openRoutingWorld, refusalOf } from "./test-routing.ts";

const image = { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } };
const tool = { type: "function", function: { name: "look_up", parameters: { type: "object" } } };
const schema = { type: "json_schema", json_schema: { name: "answer", schema: { type: "object" } } };

let world: RoutingWorld;
beforeAll(async () => {
  world = await openRoutingWorld({
    providers: {
      near: { dataClasses: ["public", "internal", "personal"], region: "eu" },
      far: { dataClasses: ["public", "internal"], region: "us" },
      open: {},
    },
    models: {
      letters: { targets: ["far/ok", "near/ok"], dataClass: "personal" },
      memos: { targets: ["far/ok", "near/ok"], dataClass: "internal" },
      secrets: { targets: ["far/ok", "near/ok"], dataClass: "secret" },
      european: { targets: ["far/ok", "near/ok", "open/ok"], regions: ["eu"] },
      nowhere: { targets: ["far/ok", "open/ok"], regions: ["eu", "ch"] },
      any: { targets: ["open/plain", "far/ok"] },
      plain: { targets: ["open/plain", "open/small"] },
      alone: ["open/plain"],
    },
    more: {
      capabilities: [
        { provider: "open", model: "plain", tools: false, images: false, schema: false },
        { provider: "open", model: "small", contextTokens: 100, tools: false, images: false, schema: false },
      ],
    },
  });
});
beforeEach(() => {
  for (const { requests } of Object.values(world.upstreams)) requests.length = 0;
});
afterAll(() => world.close());

const sent = () => Object.values(world.counts()).reduce((sum, count) => sum + count, 0);

describe("a data class", () => {
  test("keeps a call from providers that may not see it, and the evidence says so", async () => {
    const { outcome, steps } = await world.ask({ model: "letters" });
    expect(outcome).toMatchObject({
      target: "near/ok",
      notes: {
        dataClass: { name: "personal", from: "declared" },
        passedOver: [{ target: "far/ok", why: "may see public, internal and not personal" }],
      },
    });
    expect(steps[0]).toMatchObject({ name: "providers", kind: "admission", status: "ok" });
    expect(world.counts()["far"]).toBe(0);
  });

  test("that nobody may see is refused before anything is sent, naming each provider's reason", async () => {
    const steps: never[] = [];
    const refused = await refusalOf(world.ask({ model: "secrets", steps }));
    expect(refused).toMatchObject({
      code: "data_class_refused",
      details: { dataClass: "secret", passedOver: [{ target: "far/ok" }, { target: "near/ok" }] },
    });
    expect(refused.message).toContain("near/ok may see public, internal, personal and not secret");
    expect(steps).toMatchObject([{ name: "providers", status: "failed", error: "data_class_refused" }]);
    expect(sent()).toBe(0);
  });

  test("is raised by the caller or the function, and lowered by neither", async () => {
    const metadata = (data_class: string) => ({ more: { metadata: { data_class } } });
    expect((await world.ask({ model: "memos" })).outcome.target).toBe("far/ok");
    expect((await world.ask({ model: "memos", ...metadata("personal") })).outcome).toMatchObject({
      target: "near/ok",
      notes: { dataClass: { name: "personal", from: "metadata" } },
    });
    expect((await world.ask({ model: "memos", dataClass: "personal" })).outcome.target).toBe("near/ok");
    expect((await world.ask({ model: "letters", ...metadata("public") })).outcome.target).toBe("near/ok");
    expect((await world.ask({ model: "letters", dataClass: "public" })).outcome.target).toBe("near/ok");
    expect(await refusalOf(world.ask({ model: "memos", ...metadata("secret") }))).toMatchObject({ code: "data_class_refused" });
  });

  test("holds for a target by its own name; a provider that lists nothing sees nothing of a class", async () => {
    const more = { metadata: { data_class: "public" } };
    expect((await world.ask({ model: "open/ok" })).outcome.target).toBe("open/ok");
    expect(await refusalOf(world.ask({ model: "open/ok", more }))).toMatchObject({ code: "data_class_refused" });
    expect((await world.ask({ model: "far/ok", more })).outcome.target).toBe("far/ok");
  });

  test("nobody declared is refused, where a caller says it and where a function does", async () => {
    expect(await refusalOf(world.ask({ model: "memos", more: { metadata: { data_class: "Personal" } } }))).toMatchObject({
      code: "invalid_request",
      details: { issues: [{ path: "metadata.data_class" }] },
    });
    expect(await refusalOf(world.ask({ model: "memos", dataClass: "unheard" }))).toMatchObject({ code: "data_class_refused" });
    expect(sent()).toBe(0);
  });

  test("is never lower than anybody claims", () => {
    const classes = ["a", "b", "c", "d"];
    const claim = fc.option(fc.constantFrom(...classes), { nil: undefined });
    fc.assert(
      fc.property(claim, claim, claim, (alias, own, asked) => {
        const metadata = asked === undefined ? undefined : { data_class: asked };
        const found = dataClassOf({ declared: [alias, own], metadata }, classes);
        const highest = [alias, own, asked].reduce((most, each) => Math.max(most, each === undefined ? -1 : classes.indexOf(each)), -1);
        expect(found === null ? -1 : classes.indexOf(found.name)).toBe(highest);
      }),
    );
  });
});

describe("a region", () => {
  test("keeps a call from providers elsewhere, and from those that do not say where they are", async () => {
    const { outcome } = await world.ask({ model: "european" });
    expect(outcome).toMatchObject({
      target: "near/ok",
      notes: { passedOver: [{ target: "far/ok", why: "is in us, and not in eu" }, { target: "open/ok" }] },
    });
    expect(await refusalOf(world.ask({ model: "nowhere" }))).toMatchObject({ code: "data_class_refused" });
    expect(sent()).toBe(1);
  });
});

describe("what a request needs", () => {
  test.each([
    ["tools", { more: { tools: [tool] } }, "takes no tools"],
    ["images", { more: { messages: [{ role: "user", content: [image] }] } }, "takes no images"],
    ["a schema", { more: { response_format: schema } }, "keeps no JSON schema"],
  ])("passes over a model that lacks it: %s", async (_name, call, why) => {
    const { outcome } = await world.ask({ model: "any", ...call });
    expect(outcome).toMatchObject({ target: "far/ok", notes: { passedOver: [{ target: "open/plain", why }] } });
    const refused = await refusalOf(world.ask({ model: "plain", ...call }));
    expect(refused).toMatchObject({
      code: "capability_missing",
      details: { passedOver: [{ why }, { why: expect.stringContaining(why) }] },
    });
    // Of one target its provider decides.
    expect((await world.ask({ model: "alone", ...call })).outcome.target).toBe("open/plain");
  });

  test("is room for the prompt and the answer too", async () => {
    const order = { model: "plain", more: { max_tokens: 200 } };
    expect((await world.ask(order)).outcome).toMatchObject({ target: "open/plain", notes: { passedOver: [{ target: "open/small" }] } });
    expect((await world.ask({ model: "plain" })).outcome.notes).toBeUndefined();
  });

  test("is known of published models, their dated releases, and rows of your own before them", () => {
    const needs = { tools: true, images: true, schema: true, contextTokens: 150_000 };
    const table = createCapabilityTable([{ provider: "openai", model: "gpt-4o", contextTokens: 1_000_000 }]);
    expect(whatLacks(table.find("openai", "gpt-4o"), needs)).toBeUndefined();
    expect(whatLacks(table.find("openai", "gpt-4o-2024-08-06"), needs)).toContain("holds 128000 tokens");
    expect(whatLacks(table.find("openai", "gpt-4o-2024-05-13"), needs)).toContain("keeps no JSON schema");
    expect(whatLacks(table.find("anthropic", "claude-sonnet-4-5-20250929"), needs)).toBeUndefined();
    expect(table.find("openai", "gpt-9")).toBeNull();
    expect(whatLacks(null, needs)).toBeUndefined();
  });
});
