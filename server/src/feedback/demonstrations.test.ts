import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { FeedbackItem } from "@millrace/contract";
import { type TestFunctions, alice, ask, useFunctions } from "../../test/functions.ts";
import { type ScriptedUpstream, startScriptedUpstream } from "../../test/scripted-upstream.ts";
import { createId, createManualClock, systemClock } from "../core/index.ts";
import { type DemonstrationsPort, type FunctionDefinition, defineFunction, examples, llm } from "../functions/index.ts";
import { mailSheet, testGateway } from "../functions/llm/test-llm.ts";
import type { Gateway } from "../gateway/index.ts";
import { createDemonstrations, refreshMs, toDemonstration } from "./demonstrations.ts";
import { submitFeedback } from "./submit-feedback.ts";

const running = useFunctions();
let upstream: ScriptedUpstream;
let gateway: Gateway;
beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = testGateway(upstream);
});
afterEach(async () => {
  upstream.requests.splice(0);
  await running.store.sql.owner.query("truncate feedback_items, feedback_labels, feedback_counts");
});
afterAll(async () => {
  gateway.close();
  await upstream.close();
});

const said = { label: "spam", confidence: 0.9 };

function triage({
  model = "one/ok",
  ...options
}: { model?: string; minimumNearness?: number; embedder?: string } = {}): FunctionDefinition {
  return defineFunction({
    ...mailSheet,
    name: "triage-mail",
    variants: {
      plain: llm({
        model,
        system: "You sort mail.",
        prompt: "{{subject}}: {{body}}",
        parameters: { script: [JSON.stringify(said)] },
      }),
      taught: examples({ of: "plain", count: 2, by: "subject", ...options }),
    },
    fallback: ["taught"],
  });
}

interface World {
  readonly open: TestFunctions;
  readonly clock: ReturnType<typeof createManualClock>;
  readonly known: DemonstrationsPort;
  /** Answers the inference's id. */
  send(subject: string, more?: Parameters<typeof ask>[1]): Promise<string>;
  say(items: readonly Partial<FeedbackItem>[]): Promise<void>;
}

async function start(definition = triage()): Promise<World> {
  const clock = createManualClock(Date.now());
  const { sql } = running.store;
  const known = createDemonstrations({ sql, definition: () => definition, clock });
  const open = await running.start({ definitions: [definition], gateway, demonstrations: known });
  const submitDeps = {
    sql,
    audit: open.governance.audit.bind(open.governance),
    definition: () => definition,
    settle: async () => "complete" as const,
    clock: systemClock,
  };
  return {
    open,
    clock,
    known,
    async send(subject, more = {}) {
      const { inferenceId } = await ask(open, { input: { subject, body: "text" }, ...more });
      return inferenceId;
    },
    async say(items) {
      await open.stored();
      const { results } = await submitFeedback(alice, items.map((item) => ({ source: "reader", ...item })) as FeedbackItem[], submitDeps);
      expect(results.map(({ status }) => status)).toEqual(items.map(() => "accepted"));
      clock.advance(refreshMs);
    },
  };
}

interface Turn {
  readonly role: string;
  readonly content: string;
}

const askedLast = (): Turn[] => (upstream.requests.at(-1)!.body["messages"] as Turn[]).filter(({ role }) => role !== "system");
const corrected = (inferenceId: string) => ({ inferenceId, kind: "correction" as const, value: { label: "ham", confidence: 1 } });
const confirmed = (inferenceId: string) => ({ inferenceId, kind: "label" as const, value: "spam" });
const countOf = ({ known }: World) => known.demonstrations(alice.projectId, "triage-mail").then(({ length }) => length);

describe("the right output", () => {
  const ham = { label: "ham", confidence: 1 };
  const row = { id: "1", label: "spam", truth: "spam", status: "ok" as const, correction: null, input: {}, output: said, dataClass: null };

  test.each([
    ["is what a label confirmed", {}, said],
    ["is what it was corrected to", { truth: "ham", correction: ham }, ham],
    [
      "is the correction of an answer that failed",
      { status: "failed" as const, output: null, label: null, truth: "ham", correction: ham },
      ham,
    ],
    ["is what was answered where a newer label takes the correction back", { correction: ham }, said],
    ["is a correction that leaves the label as it is", { correction: { ...said, confidence: 0.4 } }, { ...said, confidence: 0.4 }],
    ["is not known where a newer label is neither's", { truth: "eggs", correction: ham }, undefined],
    ["is not known where the label says another", { truth: "ham" }, undefined],
    ["is none that the function gives no more", { output: { label: "spam" } }, undefined],
  ])("%s", (_what, more, output) => {
    expect(toDemonstration({ ...row, ...more }, triage())?.output).toEqual(output);
  });
});

describe("examples", () => {
  test("are asked without while there are none", async () => {
    const world = await start();
    await world.send("Your invoice for May");
    expect(askedLast()).toEqual([{ role: "user", content: "Your invoice for May: text" }]);
  });

  test("show what was corrected as it was corrected, the nearest last, and the evidence names them", async () => {
    const world = await start();
    const far = await world.send("Lunch on Friday?");
    const near = await world.send("Your invoice for May");
    const other = await world.send("Win a holiday");
    await world.say([corrected(near), confirmed(far), { inferenceId: other, kind: "rating", value: 1 }]);
    await expect.poll(() => countOf(world)).toBe(2);
    const id = await world.send("Your invoice for June");
    expect(askedLast()).toEqual([
      { role: "user", content: "Lunch on Friday?: text" },
      { role: "assistant", content: JSON.stringify(said) },
      { role: "user", content: "Your invoice for May: text" },
      { role: "assistant", content: JSON.stringify({ label: "ham", confidence: 1 }) },
      { role: "user", content: "Your invoice for June: text" },
    ]);
    await world.open.stored();
    const { steps, produced } = await world.open.functions.getInference(alice, id);
    const { shown } = steps.find(({ name }) => name === "plain, examples")!.details as { shown: { inference: string; nearness: number }[] };
    expect(shown.map(({ inference }) => inference)).toEqual([far, near]);
    expect(shown[1]!.nearness).toBeGreaterThan(shown[0]!.nearness);
    expect(produced["binding"]).toMatchObject({
      count: 2,
      by: "subject",
      from: "feedback",
      source: "source",
      parts: [{ variant: "plain" }],
    });
  });

  test("are never the question itself, nor one that is less alike than wanted", async () => {
    const world = await start(triage({ minimumNearness: 0.5 }));
    const ids = [await world.send("Your invoice for May"), await world.send("Lunch on Friday?")];
    await world.say(ids.map(corrected));
    await expect.poll(() => countOf(world)).toBe(2);
    await world.send("Your invoice for May");
    expect(askedLast()).toHaveLength(1);
    await world.send("Your invoice for June");
    expect(askedLast()).toHaveLength(3);
  });

  test("are of no drill, and of no answer that a label says is wrong", async () => {
    const world = await start();
    const wrong = await world.send("Your invoice for May");
    const right = await world.send("Your invoice for April");
    const drilled = await world.send("Your invoice for March", { drill: [] });
    await world.open.stored();
    await world.say([{ inferenceId: wrong, kind: "label", value: "ham" }, confirmed(right)]);
    await expect.poll(() => countOf(world)).toBe(1);
    await expect(world.say([confirmed(drilled)])).rejects.toThrow();
    expect((await world.known.demonstrations(alice.projectId, "triage-mail")).map(({ inferenceId }) => inferenceId)).toEqual([right]);
  });

  test("are shown to no other project", async () => {
    const world = await start();
    await world.say([corrected(await world.send("Your invoice for May"))]);
    await expect.poll(() => countOf(world)).toBe(1);
    const stranger = { ...alice, projectId: createId() };
    await expect.poll(() => world.send("Your invoice for June", { caller: stranger }).catch(() => undefined)).toBeTypeOf("string");
    expect(askedLast()).toHaveLength(1);
    await world.send("Your invoice for June");
    expect(askedLast()).toHaveLength(3);
  });

  test("whose caller raised the class of his data are shown only to calls of that class", async () => {
    const world = await start(triage({ model: "trusted/ok" }));
    const raised = { metadata: { data_class: "personal" } };
    await world.say([corrected(await world.send("Your invoice for May", raised))]);
    await expect.poll(() => countOf(world)).toBe(1);
    await world.send("Your invoice for June");
    expect(askedLast()).toHaveLength(1);
    await world.send("Your invoice for June", raised);
    expect(askedLast()).toHaveLength(3);
  });

  test("are of no answer that only a challenger gave", async () => {
    const world = await start();
    const { functions, hotState } = world.open;
    const bind = (variant: string) => functions.bind(alice, { function: "triage-mail", variant });
    const [taught, plain] = [await bind("taught"), await bind("plain")];
    const arms = [
      { binding: taught.hash, variant: "taught", role: "stable" as const, share: 0 },
      { binding: plain.hash, variant: "plain", role: "canary" as const, share: 1 },
    ];
    await running.store.sql.as(alice, (tx) => functions.setArms(tx, { function: "triage-mail", release: null, arms }));
    await hotState.refresh();
    await expect.poll(async () => (await ask(world.open)).variant).toBe("plain");
    const id = await world.send("Your invoice for May");
    await world.say([confirmed(id)]);
    const fresh = createDemonstrations({ sql: running.store.sql, definition: () => triage(), clock: systemClock });
    expect(await fresh.demonstrations(alice.projectId, "triage-mail")).toEqual([]);
  });

  test("are gone at once where their inference is erased, also for a look at the tables that began before", async () => {
    const world = await start();
    const id = await world.send("Your invoice for May");
    await world.say([corrected(id)]);
    await expect.poll(() => countOf(world)).toBe(1);
    world.clock.advance(refreshMs);
    const during = world.known.demonstrations(alice.projectId, "triage-mail");
    await world.open.functions.eraseBody(alice, id);
    await during;
    expect(await countOf(world)).toBe(0);
    await world.send("Your invoice for June");
    expect(askedLast()).toHaveLength(1);
    const fresh = createDemonstrations({ sql: running.store.sql, definition: () => triage(), clock: systemClock });
    expect(await fresh.demonstrations(alice.projectId, "triage-mail")).toEqual([]);
  });

  test("of a model that answers in plain text are written as the function says, and by its prompt alike", async () => {
    const plain = llm({
      model: "one/echo",
      prompt: "{{subject}}",
      output: (text: string) => ({ label: text === "ham" ? ("ham" as const) : ("spam" as const), confidence: 1 }),
    });
    const taught = examples({ of: "plain", count: 1, write: ({ label }: { label: string }) => label });
    const world = await start(defineFunction({ ...mailSheet, name: "triage-mail", variants: { plain, taught }, fallback: ["taught"] }));
    await world.say([corrected(await world.send("Your invoice for May"))]);
    await expect.poll(() => countOf(world)).toBe(1);
    await world.send("Your invoice for June");
    expect(askedLast().map(({ content }) => content)).toEqual(["Your invoice for May", "ham", "Your invoice for June"]);
  });

  describe("found by what they mean", () => {
    const embedded = () => upstream.requests.filter(({ path }) => path.endsWith("/embeddings")).map(({ body }) => body["input"]);

    test("are sent to the embedder once, a question with each call; both are paid for", async () => {
      const world = await start(triage({ embedder: "one/near" }));
      const far = await world.send("Lunch on Friday?");
      const near = await world.send("Your invoice for May");
      expect(embedded()).toEqual([]);
      await world.say([confirmed(far), corrected(near)]);
      await expect.poll(() => countOf(world)).toBe(2);
      // The same subject is as near as can be to an embedder that knows nothing but sameness.
      const id = await world.send("Your invoice for May", { input: { subject: "Your invoice for May", body: "another" } });
      expect(askedLast().map(({ content }) => content)).toEqual(expect.arrayContaining(["Your invoice for May: text"]));
      await world.send("Something else");
      // The first question's vector is known: its subject is that of an example.
      expect(embedded()).toEqual([expect.arrayContaining(["Lunch on Friday?", "Your invoice for May"]), ["Something else"]]);
      await world.open.stored();
      const { steps, produced } = await world.open.functions.getInference(alice, id);
      const { shown } = steps.find(({ name }) => name === "plain, examples")!.details as {
        shown: { inference: string; nearness: number }[];
      };
      expect(shown.at(-1)).toEqual({ inference: near, nearness: expect.closeTo(1, 5) as number });
      const asks = steps.filter(({ kind }) => kind === "ask");
      expect(asks.map(({ name }) => name)).toEqual(["one/near", "one/near", "one/ok"]);
      expect(asks[0]!.details).toMatchObject({ texts: 2, usage: { input: 20 }, cost: { amount: "0.00002" } });
      expect(produced).toMatchObject({ asks: 3, model: expect.any(String) as string, cost: { currency: "USD" } });
    });

    test.each([
      ["is dead", "dead/near", {}],
      ["may not see them", "one/near", { metadata: { data_class: "personal" } }],
    ])("are done without where the embedder %s, and the evidence says so", async (_what, embedder, more) => {
      const world = await start(triage({ embedder, model: "trusted/ok" }));
      const known = await world.send("Your invoice for May", more);
      await world.say([corrected(known)]);
      await expect.poll(() => countOf(world)).toBe(1);
      const id = await world.send("Your invoice for June", more);
      expect(askedLast()).toHaveLength(1);
      expect(embedded()).toEqual([]);
      await world.open.stored();
      const { steps, status } = await world.open.functions.getInference(alice, id);
      expect(status).toBe("ok");
      expect(steps.find(({ name }) => name === "plain, examples")).toMatchObject({ status: "failed", details: { embedder, shown: [] } });
    });
  });

  test("that cannot be read are done without, and the evidence says so", async () => {
    const broken: DemonstrationsPort = {
      demonstrations: async () => {
        throw new Error("The tables are away.");
      },
      forgetDemonstration() {},
    };
    const open = await running.start({ definitions: [triage()], gateway, demonstrations: broken });
    const { inferenceId, variant } = await ask(open);
    expect(variant).toBe("taught");
    await open.stored();
    const { steps } = await open.functions.getInference(alice, inferenceId);
    expect(steps.find(({ name }) => name === "plain, examples")).toMatchObject({ status: "failed", details: { shown: [] } });
  });
});
