import { describe, expect, test } from "vitest";
import { alice, ask, fakeModels, principalWith, triageMail, useFunctions } from "../../test/functions.ts";
import { createId, systemClock, systemContext } from "../core/index.ts";
import { createIdempotencyStore } from "./idempotency-store.ts";
import { partitionsAt } from "./partitions.ts";
import { createPartition, insertInferences } from "./repository.ts";

const mail = { subject: "Win $$$", body: "now" };
const running = useFunctions();

describe("the first start", () => {
  test("binds the first variant of the chain that can be bound, audited, and moves up when an earlier one can", async () => {
    const models = fakeModels();
    const open = await running.start({ models });
    const first = await ask(open);
    expect(first).toMatchObject({ variant: "rules", fallback: false, output: { label: "spam", confidence: 0.6 } });
    models.versions.set("triage-mail", [1]);
    await expect.poll(async () => (await ask(open)).variant, { timeout: 10_000, interval: 200 }).toBe("learned");
    const entries = await open.governance.auditLog.list(systemContext("test"), { limit: 10, action: "functions.bind-first" });
    expect(entries.items).toHaveLength(2);
  });

  test("gives the same binding the same name, whoever starts", async () => {
    const models = fakeModels();
    models.versions.set("triage-mail", [1]);
    const open = await running.start({ models });
    const bound = await open.functions.bind(alice, { function: "triage-mail", variant: "learned" });
    const again = await open.functions.bind(alice, { function: "triage-mail", variant: "learned", versions: { "triage-mail": 1 } });
    expect(again).toEqual(bound);
    expect(bound).toMatchObject({ label: "triage-mail@1", resolved: { model: "triage-mail", version: 1 } });
    expect(await open.functions.binding(alice, bound.hash)).toEqual(bound);
    await expect(
      open.functions.bind(alice, { function: "triage-mail", variant: "learned", versions: { "triage-mail": 9 } }),
    ).rejects.toMatchObject({ code: "unknown_model" });
  });
});

describe("evidence", () => {
  test("that was erased says so, and brings back no earlier answer", async () => {
    const open = await running.start();
    const answer = await ask(open, { idempotencyKey: "once" });
    await open.stored();
    expect(await open.functions.eraseBody(alice, answer.inferenceId)).toEqual({ id: answer.inferenceId, changed: true, files: 0 });
    const detail = await open.functions.getInference(alice, answer.inferenceId);
    expect(detail).toMatchObject({ status: "ok", label: "spam", input: null, output: null, steps: [], produced: { body: "erased" } });
    const store = createIdempotencyStore(running.store.sql, systemClock);
    expect(await store.answer(alice.projectId, answer.inferenceId)).toBeNull();
  });

  test("has everything that produced an answer, in both tables", async () => {
    const open = await running.start();
    const answer = await ask(open, {
      occurredAt: "2002-08-01T10:00:00+02:00",
      metadata: { reader: "bob" },
      traceId: "0af7651916cd43dd8448eb211c80319c",
    });
    await open.stored();
    const detail = await open.functions.getInference(alice, answer.inferenceId);
    expect(detail).toMatchObject({
      status: "ok",
      variant: "rules",
      binding: answer.binding,
      arm: "stable",
      label: "spam",
      confidence: 0.6,
      caller: alice.principalId,
      occurredAt: "2002-08-01T08:00:00.000Z",
      input: mail,
      output: answer.output,
      metadata: { reader: "bob" },
      produced: {
        node: "node",
        configHash: "config",
        traceId: "0af7651916cd43dd8448eb211c80319c",
        binding: { label: "rules", source: "source" },
      },
      steps: [{ name: "rules", kind: "variant", status: "ok" }],
      latencyMs: answer.latencyMs,
    });
    const audit = await open.governance.auditLog.list(systemContext("test"), { limit: 10, object: `inference:${answer.inferenceId}` });
    expect(audit.items).toHaveLength(1);
  });

  test("keeps text that SQL cannot hold as it is: NUL and lone surrogates", async () => {
    const open = await running.start();
    const awkward = { subject: "a\u0000b", body: "\ud800 lone \udc00 \\u0000 plain" };
    const { inferenceId } = await ask(open, { input: awkward, metadata: { note: "\u0000" } });
    const neighbour = await ask(open);
    await open.stored();
    expect(open.journal.stats()).toMatchObject({ rejected: 0, backlog: 0 });
    expect(await open.functions.getInference(alice, inferenceId)).toMatchObject({
      input: awkward,
      metadata: { note: "\u0000" },
      status: "ok",
    });
    expect(await open.functions.getInference(alice, neighbour.inferenceId)).toMatchObject({ input: mail });
  });

  test("no evidence, no answer: a journal that fails takes the answer with it", async () => {
    const open = await running.start({
      wrapJournal: (journal) => ({
        ...journal,
        appendSerialized: () => Promise.reject(Object.assign(new Error("full"), { code: "ENOSPC" })),
      }),
    });
    await expect(ask(open)).rejects.toThrow("full");
  });

  test("lists by filter and by page, newest first", async () => {
    const open = await running.start();
    const ids: string[] = [];
    for (const subject of ["a", "$", "b", "$$", "c"]) ids.unshift((await ask(open, { input: { subject, body: "" } })).inferenceId);
    await open.stored();
    const first = await open.functions.listInferences(alice, { limit: 2 });
    const second = await open.functions.listInferences(alice, { limit: 2, cursor: first.next! });
    const third = await open.functions.listInferences(alice, { limit: 2, cursor: second.next! });
    expect([...first.items, ...second.items, ...third.items].map((item) => item.id)).toEqual(ids);
    expect(third.next).toBeNull();
    const spam = await open.functions.listInferences(alice, {
      limit: 10,
      label: "spam",
      function: "triage-mail",
      status: "ok",
      variant: "rules",
      fallback: false,
    });
    expect(spam.items).toHaveLength(2);
    const elsewhere = await open.functions.listInferences({ ...alice, projectId: "00000000-0000-7000-8000-0000000000ff" }, { limit: 10 });
    expect(elsewhere.items).toEqual([]);
  });

  test("a batch that comes twice is stored once", async () => {
    const open = await running.start();
    const answer = await ask(open);
    await open.stored();
    const record = {
      projectId: alice.projectId,
      id: answer.inferenceId,
      function: "triage-mail",
      status: "ok",
      fallback: false,
      latencyMs: 1,
      caller: "x",
      occurredAt: 1,
      recordedAt: 1,
    };
    await running.store.sql.system("drain", (tx) => insertInferences(tx, [record, record]));
    expect((await open.functions.listInferences(alice, { limit: 10 })).items).toHaveLength(1);
    expect((await open.functions.getInference(alice, answer.inferenceId)).caller).toBe(alice.principalId);
  });

  test("goes into the partitions of its time, which many nodes may make at once, and nobody reads past the policies", async () => {
    const open = await running.start();
    const { inferenceId: id } = await ask(open);
    await open.stored();
    const made = partitionsAt(Date.UTC(2031, 0, 1));
    await Promise.all(
      Array.from({ length: 4 }, async () => {
        for (const partition of made) await createPartition(running.store.sql.owner, partition);
      }),
    );
    const where = await running.store.sql.system(
      "reconciliation",
      async (tx) =>
        (
          await tx.client.query<{ table: string }>(
            "select tableoid::regclass::text as table from functions_inference_bodies where id = $1",
            [id],
          )
        ).rows,
    );
    expect(where[0]!.table).toMatch(/functions_inference_bodies_\d{8}$/);
    const partition = where[0]!.table;
    const elsewhere = await running.store.sql.as(
      { ...alice, projectId: "00000000-0000-7000-8000-0000000000ff" },
      async (tx) => (await tx.client.query(`select * from ${partition}`)).rows,
    );
    expect(elsewhere).toEqual([]);
    await expect(
      running.store.sql.as(alice, (tx) => tx.client.query("select functions_create_partition('x', 'functions_shadows', $1, $1)", [id])),
    ).rejects.toThrow(/permission denied/);
  });

  test("says which inference it does not know", async () => {
    const open = await running.start();
    await expect(open.functions.getInference(alice, "01890000-0000-7000-8000-000000000000")).rejects.toMatchObject({
      code: "unknown_inference",
    });
  });
});

describe("the fallback chain", () => {
  test("asks the next variant and records why", async () => {
    const models = fakeModels();
    models.versions.set("triage-mail", [1]);
    models.predict = () => Promise.reject(new Error("no tensor"));
    const open = await running.start({ models });
    const answer = await ask(open);
    expect(answer).toMatchObject({ variant: "rules", fallback: true });
    await open.stored();
    const detail = await open.functions.getInference(alice, answer.inferenceId);
    expect(detail.steps).toMatchObject([
      { name: "learned", status: "failed", error: "variant_failed", details: { message: "no tensor" } },
      { name: "rules", status: "ok" },
    ]);
  });

  test("can be exercised on purpose", async () => {
    const models = fakeModels();
    models.versions.set("triage-mail", [1]);
    const open = await running.start({ models });
    expect(await ask(open)).toMatchObject({ variant: "learned", fallback: false });
    expect(await ask(open, { drill: ["learned"] })).toMatchObject({ variant: "rules", fallback: true });
    await expect(ask(open, { drill: ["learned", "rules"] })).rejects.toMatchObject({ code: "all_variants_failed" });
  });

  test("leaves a variant that hangs at the budget, and answers with the next", async () => {
    const models = fakeModels();
    models.versions.set("triage-mail", [1]);
    let aborted = false;
    models.predict = (_context, _reference, _inputs, { deadline }) =>
      new Promise(() => {
        deadline.onEnd(() => {
          aborted = true;
        });
      });
    const open = await running.start({ models, definitions: [triageMail({ latencyBudgetMs: 50 })] });
    expect(await ask(open)).toMatchObject({ variant: "rules", fallback: true });
    expect(aborted).toBe(true);
  });

  test("answers deadline_exceeded when the caller's time is up, and keeps the evidence", async () => {
    const models = fakeModels();
    models.versions.set("triage-mail", [1]);
    const open = await running.start({ models });
    const error = await ask(open, { deadlineMs: 20, startedAt: performance.now() - 30 }).then(
      () => undefined,
      (thrown: { code: string; details: { inferenceId: string } }) => thrown,
    );
    expect(error?.code).toBe("deadline_exceeded");
    await open.stored();
    expect(await open.functions.getInference(alice, error!.details.inferenceId)).toMatchObject({
      status: "failed",
      error: "deadline_exceeded",
      output: null,
    });
  });

  test("treats an answer outside the output schema as a failure", async () => {
    const models = fakeModels();
    models.versions.set("triage-mail", [1]);
    models.predict = async () => ({ label: "eggs", confidence: 0.9, probabilities: {} });
    const open = await running.start({ models });
    const answer = await ask(open);
    await open.stored();
    expect((await open.functions.getInference(alice, answer.inferenceId)).steps[0]).toMatchObject({
      status: "failed",
      error: "invalid_output",
    });
  });
});

describe("admission", () => {
  test("goes key, function, switch, limit", async () => {
    const open = await running.start();
    const { functions, governance } = open;
    const caller = principalWith(["functions.infer"], { limit: { requests: 2, windowSeconds: 60 } });
    expect(() => functions.admit(principalWith(["functions.read"]), "triage-mail")).toThrow(expect.objectContaining({ code: "forbidden" }));
    expect(() => functions.admit({ ...caller, functions: new Set(["other"]) }, "triage-mail")).toThrow(
      expect.objectContaining({ code: "forbidden" }),
    );
    expect(() => functions.admit(caller, "nothing")).toThrow(expect.objectContaining({ code: "unknown_function" }));
    await governance.switches.set(systemContext("test"), "triage-mail", { off: true, reason: "a drill" });
    expect(() => functions.admit(caller, "triage-mail")).toThrow(expect.objectContaining({ code: "function_switched_off" }));
    await governance.switches.set(systemContext("test"), "triage-mail", { off: false });
    functions.admit(caller, "triage-mail");
    functions.admit(caller, "triage-mail");
    expect(() => functions.admit(caller, "triage-mail")).toThrow(
      expect.objectContaining({ code: "rate_limited", details: expect.objectContaining({ retryAfterSeconds: expect.any(Number) }) }),
    );
  });

  test("refuses wrong input, naming the field, and a time in the future", async () => {
    const open = await running.start();
    await expect(ask(open, { input: { subject: 1, body: "" } })).rejects.toMatchObject({
      code: "invalid_input",
      message: expect.stringContaining("input.subject"),
    });
    await expect(ask(open, { occurredAt: "2999-01-01T00:00:00Z" })).rejects.toMatchObject({ code: "invalid_request" });
  });

  test("keys of a prototype are data, nothing more", async () => {
    const open = await running.start();
    const input = JSON.parse(
      '{"subject":"x","body":"y","__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}',
    ) as unknown;
    const answer = await ask(open, { input });
    await open.stored();
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    expect((await open.functions.getInference(alice, answer.inferenceId)).input).toEqual({ subject: "x", body: "y" });
  });

  test("records refusals of known callers, within a bound", async () => {
    const open = await running.start();
    for (let count = 0; count < 50; count++)
      open.functions.refuse({ function: "triage-mail", caller: alice, code: "rate_limited", detail: "over" });
    open.functions.refuse({ function: "nothing", caller: alice, code: "unknown_function" });
    await expect.poll(() => open.journal.stats().accepted, { timeout: 5000 }).toBeGreaterThanOrEqual(10);
    await open.stored();
    const refused = await open.functions.listInferences(alice, { limit: 100, status: "refused" });
    expect(refused.items.length).toBeGreaterThanOrEqual(10);
    expect(refused.items.length).toBeLessThanOrEqual(20);
    expect(refused.items[0]).toMatchObject({ function: "triage-mail", error: "rate_limited", variant: null });
  });
});

describe("what is read", () => {
  test("describes functions, traffic and series", async () => {
    const models = fakeModels();
    models.versions.set("triage-mail", [1]);
    const open = await running.start({ models });
    for (let day = 1; day <= 9; day++) {
      if (day === 9) models.predict = () => Promise.reject(new Error("no memory"));
      await ask(open, { occurredAt: `2002-08-0${day}T00:00:00Z` });
    }
    await open.stored();
    const [summary] = await open.functions.list(alice);
    expect(summary).toMatchObject({ name: "triage-mail", off: false, fallback: ["learned", "rules"] });
    expect(summary!.variants.find((variant) => variant.name === "learned")).toMatchObject({ ready: true, resolved: { version: 1 } });
    const detail = await open.functions.get(alice, "triage-mail");
    expect(detail.traffic).toMatchObject([
      { variant: "learned", requests: 8, fallbacks: 0, failures: 0 },
      { variant: "rules", requests: 1, fallbacks: 1 },
    ]);
    expect(detail.inputSchema).toMatchObject({ type: "object", required: ["subject", "body"] });
    const points = await open.functions.series(alice, "triage-mail", { buckets: 4 });
    expect(points.map((point) => point.requests)).toEqual([2, 2, 2, 3]);
    expect(points[3]).toMatchObject({ fallbacks: 1, variants: { learned: 2, rules: 1 }, labels: { spam: 3 }, accuracy: null });
    expect(points[0]!.from).toBe("2002-08-01T00:00:00.000Z");
    expect(points[3]!.to).toBe("2002-08-09T00:00:00.000Z");
    await expect(open.functions.get(alice, "nothing")).rejects.toMatchObject({ code: "unknown_function" });
  });

  test("joins labels, feedback and accuracy through the port", async () => {
    const wrong = new Set<string>();
    const said = {
      id: createId(),
      kind: "label",
      value: "ham",
      source: "reader",
      occurredAt: "2002-08-01T00:00:00Z",
      recordedAt: "2002-08-02T00:00:00Z",
    };
    const open = await running.start({
      feedback: {
        labels: async (_context, ids) => new Map(ids.filter((id) => wrong.has(id)).map((id) => [id, "ham"])),
        ofInference: async () => [said],
        compared: async (_context, query) => (query.agrees ? [] : [...wrong].toSorted().reverse().slice(0, query.limit)),
        accuracy: async (_context, _name, ranges) =>
          ranges.map((_, index) => (index === 0 ? { value: 0.5, low: 0.1, high: 0.9, n: 4 } : null)),
      },
    });
    for (let count = 0; count < 3; count++) wrong.add((await ask(open)).inferenceId);
    await ask(open);
    await open.stored();
    const misread = await open.functions.listInferences(alice, { limit: 2, misread: true });
    expect(misread.items.map((item) => [item.label, item.feedbackLabel])).toEqual([
      ["spam", "ham"],
      ["spam", "ham"],
    ]);
    expect(misread.next).toBe(misread.items[1]!.id);
    expect((await open.functions.listInferences(alice, { limit: 10, misread: false })).items).toEqual([]);
    expect(await open.functions.getInference(alice, misread.items[0]!.id)).toMatchObject({ feedbackLabel: "ham", feedback: [said] });
    expect((await open.functions.series(alice, "triage-mail", { buckets: 2 })).map((point) => point.accuracy?.value ?? null)).toEqual([
      0.5,
      null,
    ]);
  });

  test("runs one variant for evaluation, without a record", async () => {
    const models = fakeModels();
    models.versions.set("triage-mail", [1, 2]);
    const open = await running.start({ models });
    const { functions } = open;
    const two = await functions.bind(alice, { function: "triage-mail", variant: "learned", versions: { "triage-mail": 2 } });
    expect(await functions.runVariant(alice, { function: "triage-mail", variant: "rules", input: mail })).toMatchObject({
      label: "spam",
      confidence: 0.6,
    });
    expect(await functions.runVariant(alice, { function: "triage-mail", binding: two.hash, input: mail })).toMatchObject({
      label: "ham",
      binding: two.hash,
    });
    expect(await functions.runVariant(alice, { function: "triage-mail", variant: "both", input: mail })).toMatchObject({
      label: "spam",
      confidence: 0.9,
    });
    await expect(functions.runVariant(alice, { function: "triage-mail", binding: "0".repeat(64), input: mail })).rejects.toMatchObject({
      code: "not_found",
    });
    expect(open.journal.stats().accepted).toBe(0);
  });
});
