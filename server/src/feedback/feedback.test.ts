import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createDataParts, type DataParts } from "../../test/data.ts";
import { clearFunctions, triageMail } from "../../test/functions.ts";
import { insertEvidence, type TestInference } from "../../test/evidence.ts";
import { type Context, createId, createManualClock, idBound, isAppError, sha256, systemClock } from "../core/index.ts";
import { createFeedback, type FeedbackService } from "./index.ts";
import { insertItems } from "./repository.ts";
import { type FeedbackSeals, createFeedbackSeals } from "./seal-hours.ts";

const definition = triageMail();
const settling = { calls: 0, answer: "complete" as "complete" | "partial", arrive: async (): Promise<void> => {} };
let parts: DataParts;
let feedback: FeedbackService;
let context: Context;

beforeAll(async () => {
  parts = await createDataParts({
    define: ({ store, jobs, blobs, lake, data, governance }) => {
      feedback = createFeedback({
        sql: store.sql,
        blobs,
        lake,
        jobs,
        data,
        functions: { definitions: [definition], definition: () => definition },
        audit: governance.audit.bind(governance),
        clock: systemClock,
        scratchFolder: `${store.dataFolder}/scratch`,
        settle: async () => {
          settling.calls += 1;
          await settling.arrive();
          return settling.answer;
        },
      });
    },
  });
  context = parts.context;
});
afterAll(() => parts.close());

beforeEach(async () => {
  await clearFunctions(parts.store);
  await parts.store.sql.owner.query("truncate feedback_items, feedback_labels, feedback_counts");
  Object.assign(settling, { calls: 0, answer: "complete", arrive: async () => {} });
});

const day = (count: number) => new Date(Date.parse("2026-01-01T00:00:00Z") + count * 86_400_000).toISOString();

async function infer(overrides: Partial<TestInference> = {}): Promise<string> {
  const inference = { id: createId(), occurredAt: day(0), label: "spam", input: { subject: "Win $$$", body: "now" }, ...overrides };
  await insertEvidence(parts.store.sql, [inference]);
  return inference.id;
}

function label(inferenceId: string, value: unknown, overrides: Record<string, unknown> = {}) {
  return { inferenceId, kind: "label" as const, value, source: "reader", ...overrides };
}

describe("submitting feedback", () => {
  test("keeps labels, ratings, comments and corrections, and answers each item on its own", async () => {
    const id = await infer();
    const receipt = await feedback.submit(context, [
      label(id, "ham", { occurredAt: day(2) }),
      { inferenceId: id, kind: "rating", value: -1, source: "reader" },
      { inferenceId: id, kind: "comment", value: "this one mattered", source: "reader" },
      { inferenceId: id, kind: "correction", value: { label: "ham", confidence: 1 }, source: "editor" },
      label(createId(), "ham"),
      label(id, "eggs"),
      { inferenceId: id, kind: "rating", value: 5, source: "reader" },
      { inferenceId: id, kind: "comment", value: "  ", source: "reader" },
      { inferenceId: id, kind: "correction", value: { label: "ham", confidence: 7 }, source: "editor" },
      label(id, "ham", { occurredAt: "2999-01-01T00:00:00Z" }),
      { inferenceId: id, kind: "comment", value: "a\u0000b", source: "reader" },
      { inferenceId: id, kind: "comment", value: "\ud800 half", source: "reader" },
      { inferenceId: id, kind: "comment", value: "fine \\u0000 \ud83d\ude00", source: "reader", occurredAt: day(1) },
    ]);
    expect(receipt).toMatchObject({ accepted: 5, repeated: 0, refused: 8 });
    expect(receipt.results.map(({ status, code }) => code ?? status)).toEqual([
      "accepted",
      "accepted",
      "accepted",
      "accepted",
      "unknown_inference",
      "invalid_input",
      "invalid_request",
      "invalid_request",
      "invalid_input",
      "invalid_request",
      "invalid_request",
      "invalid_request",
      "accepted",
    ]);
    expect(receipt.results[5]!.reason).toBe('"eggs" is no label of triage-mail; it has ham, spam.');
    expect(await feedback.stats(context, {})).toEqual({ accepted: 5, repeated: 0, refused: 8, labelled: 1, unlabelled: 0 });
    expect(await feedback.stats(context, { function: "triage-mail" })).toMatchObject({ refused: 7 });
    expect((await feedback.ofInference(context, id)).map(({ kind }) => kind)).toEqual([
      "comment",
      "label",
      "rating",
      "comment",
      "correction",
    ]);
    expect((await parts.audited()).filter((entry) => entry.startsWith("feedback."))).toEqual(["feedback.submit function:triage-mail"]);
  });

  test("keeps the same once, within a batch and between batches; a changed mind supersedes, and both are kept", async () => {
    const id = await infer();
    const once = label(id, "ham", { occurredAt: day(1) });
    expect(await feedback.submit(context, [once, once])).toMatchObject({ accepted: 1, repeated: 1 });
    const [again] = (await feedback.submit(context, [once])).results;
    expect(again).toMatchObject({ status: "repeated", id: expect.any(String) });
    expect(await feedback.submit(context, [label(id, "spam", { occurredAt: day(2) })])).toMatchObject({ accepted: 1 });
    expect((await feedback.labels(context, [id])).get(id)).toBe("spam");
    expect(
      await feedback.submit(context, [label(id, "ham", { occurredAt: day(1) }), label(id, "spam", { occurredAt: day(2) })]),
    ).toMatchObject({ repeated: 2 });
    expect(await feedback.submit(context, [label(id, "ham", { occurredAt: day(3) })])).toMatchObject({ accepted: 1 });
    expect((await feedback.labels(context, [id])).get(id)).toBe("ham");
    expect(await feedback.ofInference(context, id)).toHaveLength(3);
    expect(await feedback.stats(context, {})).toMatchObject({ accepted: 3, repeated: 4, labelled: 1 });
  });

  test("takes a label that arrives out of order for what it is: older", async () => {
    const id = await infer();
    await feedback.submit(context, [label(id, "spam", { occurredAt: day(5) })]);
    await feedback.submit(context, [label(id, "ham", { occurredAt: day(1), source: "rule" })]);
    expect((await feedback.labels(context, [id])).get(id)).toBe("spam");
    expect(await feedback.submit(context, [label(id, "spam"), label(id, "ham"), label(id, "spam")])).toMatchObject({
      accepted: 2,
      repeated: 1,
    });
  });

  test("decides once when two send the same at once", async () => {
    const id = await infer();
    const receipts = await Promise.all(Array.from({ length: 8 }, () => feedback.submit(context, [label(id, "ham")])));
    expect(receipts.map(({ accepted }) => accepted).reduce((sum, each) => sum + each, 0)).toBe(1);
    expect(await feedback.ofInference(context, id)).toHaveLength(1);
  });

  test("waits for evidence that is accepted but not stored yet", async () => {
    const id = createId();
    settling.arrive = async () => {
      await infer({ id });
    };
    expect(await feedback.submit(context, [label(id, "ham")])).toMatchObject({ accepted: 1, refused: 0 });
    expect(settling.calls).toBe(1);
  });

  test("waits for other nodes' evidence too, but not for long, and not for old ids", async () => {
    const id = createId();
    Object.assign(settling, { answer: "partial", arrive: async () => void setTimeout(() => void infer({ id }), 150) });
    expect(await feedback.submit(context, [label(id, "ham")])).toMatchObject({ accepted: 1 });
    settling.calls = 0;
    expect(await feedback.submit(context, [label("01900000-0000-7000-8000-000000000000", "ham")])).toMatchObject({ refused: 1 });
    expect(settling.calls).toBe(0);
  });

  test("is invisible to another project, whose inferences are unknown here", async () => {
    const id = await infer();
    const other = { projectId: "01900000-0000-7000-8000-00000000000f", principalId: "key:other" };
    expect((await feedback.submit(other, [label(id, "ham")])).results[0]).toMatchObject({ status: "refused", code: "unknown_inference" });
    await feedback.submit(context, [label(id, "ham")]);
    expect((await feedback.list(other, { limit: 10 })).items).toEqual([]);
  });
});

describe("reading feedback", () => {
  test("pages newest first, compares answers with labels, measures accuracy by time", async () => {
    const ids: string[] = [];
    for (let index = 0; index < 6; index++) ids.push(await infer({ occurredAt: day(index), label: "spam" }));
    await feedback.submit(
      context,
      ids.map((id, index) => label(id, index < 4 ? "spam" : "ham")),
    );
    const first = await feedback.list(context, { function: "triage-mail", limit: 4 });
    const second = await feedback.list(context, { function: "triage-mail", limit: 4, cursor: first.next! });
    expect([...first.items, ...second.items].map(({ inferenceId }) => inferenceId)).toEqual(ids.toReversed());
    expect(second.next).toBeNull();
    expect(await feedback.compared(context, { agrees: false, limit: 10 })).toEqual([ids[5], ids[4]]);
    expect(await feedback.compared(context, { agrees: true, limit: 2, cursor: ids[3] })).toEqual([ids[2], ids[1]]);
    const accuracy = await feedback.accuracy(context, "triage-mail", [
      { from: day(0), to: day(3) },
      { from: day(3), to: day(6) },
      { from: day(6), to: day(9) },
    ]);
    expect(accuracy.map((each) => (each === null ? null : [each.value, each.n]))).toEqual([[1, 3], [1 / 3, 3], null]);
    expect(await feedback.countLabels(context, { function: "triage-mail" })).toBe(6);
    expect(await feedback.countLabels(context, { function: "triage-mail", since: new Date(Date.now() + 60_000).toISOString() })).toBe(0);
  });
});

describe("curating", () => {
  const nouns = ["ship", "lamp", "river", "stone", "wheel", "garden", "bread", "window"];
  const body = (index: number) =>
    Array.from({ length: 15 }, (_, place) => `${nouns[(index * 5 + place * 3) % 8]}${(index * 37 + place * 11) % 89}`).join(" ");

  test("adds labelled inferences to the rows of an earlier version, under its names and its contract", async () => {
    const old = Array.from({ length: 40 }, (_, index) => ({
      key: `old/${index}`,
      receivedAt: day(index - 100),
      subject: `subject ${index}`,
      body: body(index),
      label: index % 2 === 0 ? "ham" : "spam",
      folder: "x",
    }));
    const parent = await parts.build(old, {
      name: "mail",
      timeColumn: "receivedAt",
      labelColumn: "label",
      featureColumns: ["subject", "body"],
      keyColumn: "key",
    });
    const inferences: TestInference[] = Array.from({ length: 30 }, (_, index) => ({
      id: createId(),
      occurredAt: day(index),
      label: "spam",
      input: { subject: `later ${index}`, body: body(index + 1000) },
    }));
    await insertEvidence(parts.store.sql, inferences);
    await feedback.submit(
      context,
      inferences.slice(0, 20).map(({ id }, index) => label(id, index % 2 === 0 ? "ham" : "spam")),
    );
    const { workflowId } = await feedback.startCuration(context, {
      function: "triage-mail",
      dataset: "mail",
      parent,
      until: day(18),
      holdout: 0.25,
    });
    expect(await parts.jobs.result(workflowId)).toBe("mail@2");
    const detail = await parts.data.get(context, "mail@2");
    expect(detail).toMatchObject({
      rows: 58,
      kept: 58,
      timeColumn: "receivedAt",
      labelColumn: "label",
      featureColumns: ["subject", "body"],
    });
    expect(detail.contract).toEqual((await parts.data.get(context, parent)).contract);
    expect(await parts.data.lineage(context, "mail@1")).toMatchObject({ ancestors: [], descendants: [detail.reference] });
    expect((await parts.data.lineage(context, detail.reference)).ancestors).toEqual(["mail@1"]);
    expect(detail.lineage).toMatchObject({
      sources: [
        { kind: "dataset", reference: "mail@1", rows: 40 },
        { kind: "inferences", reference: "triage-mail", rows: 18 },
      ],
      parent: "mail@1",
      workflowId,
    });
    const { rows } = await parts.data.rows(context, "mail@2", { offset: 57, limit: 1 });
    expect(rows[0]).toMatchObject({ key: inferences[17]!.id, receivedAt: day(17), label: "spam", subject: "later 17", _split: "holdout" });
  });

  test("without an earlier version names its own columns and flattens the input", async () => {
    const inferences = Array.from({ length: 30 }, (_, index) => ({
      id: createId(),
      occurredAt: day(index),
      label: "spam",
      input: { label: "taken", mail: { subject: body(index), tags: ["a", "b"] } },
    }));
    await insertEvidence(parts.store.sql, inferences);
    await feedback.submit(
      context,
      inferences.map(({ id }, index) => label(id, index % 2 === 0 ? "ham" : "spam")),
    );
    const { workflowId } = await feedback.startCuration(context, { function: "triage-mail", dataset: "fresh", holdout: 0.2 });
    const reference = await parts.jobs.result<string>(workflowId);
    expect(await parts.data.get(context, reference)).toMatchObject({
      kept: 30,
      timeColumn: "occurredAt",
      labelColumn: "trueLabel",
      featureColumns: ["label", "mail.subject", "mail.tags"],
    });
  });

  test("says so when there is nothing to take", async () => {
    const { workflowId } = await feedback.startCuration(context, { function: "triage-mail", dataset: "empty", holdout: 0.2 });
    const error = await parts.jobs.result(workflowId).catch((reason: unknown) => reason);
    expect(isAppError(error, "contract_violated")).toBe(true);
    expect(String(error)).toContain("No labelled inference of triage-mail");
  });
});

describe("the seals of feedback", () => {
  const hourMs = 3_600_000;
  const someHour = Date.UTC(2026, 2, 5, 10);
  const clock = createManualClock(someHour);
  let seals: FeedbackSeals;
  let owner: Context;
  beforeAll(() => {
    seals = createFeedbackSeals({ sql: parts.store.sql, seals: parts.governance.seals, clock });
  });
  beforeEach(() => {
    owner = { projectId: createId(), principalId: "key:alice" };
  });

  /** Items of a moment, as `submit` stores them. */
  async function put(count: number, at: number): Promise<string[]> {
    const items = Array.from({ length: count }, (_, index) => ({
      id: `${idBound(at).slice(0, 24)}${String(index).padStart(12, "0")}`,
      inferenceId: createId(),
      function: "triage-mail",
      kind: "label",
      value: { said: index, more: ["spam", null] },
      valueHash: sha256(String(index)),
      source: "reader",
      occurredAt: new Date(at).toISOString(),
      label: "spam",
    }));
    await parts.store.sql.as(owner, (tx) => insertItems(tx, items));
    return items.map((item) => item.id);
  }

  test("every hour with feedback is sealed once it is over, missed ones too", async () => {
    await put(1200, someHour);
    await put(1, someHour + 7 * hourMs);
    clock.set(someHour + hourMs + 299_999);
    expect(await seals.sealHours()).toBe(0);
    clock.set(someHour + 9 * hourMs);
    expect(await seals.sealHours()).toBe(2);
    expect(await seals.sealHours()).toBe(0);
    expect(await seals.check(owner)).toEqual({ hours: 2, records: 1201, problems: [] });
    const { items } = await parts.governance.auditLog.list(owner, { limit: 10 });
    expect(items.map((entry) => [entry.actor, entry.object])).toEqual([
      ["system:feedback", "feedback:2026-03-05T17"],
      ["system:feedback", "feedback:2026-03-05T10"],
    ]);
  });

  test("an hour is sealed also when a clock that ran ahead for a while had sealed a later one", async () => {
    const ahead = someHour + 3000 * hourMs;
    await put(1, ahead);
    clock.set(ahead + 2 * hourMs);
    expect(await seals.sealHours()).toBe(1);
    await put(3, someHour);
    clock.set(someHour + 2 * hourMs);
    expect(await seals.sealHours()).toBe(1);
    expect(await seals.check(owner)).toEqual({ hours: 2, records: 4, problems: [] });
  });

  test.each([
    ["changed", "update feedback_items set value = '\"ham\"' where id = $1"],
    ["removed", "delete from feedback_items where id = $1"],
  ])("what was %s after the seal is found", async (_what, statement) => {
    const [first] = await put(3, someHour);
    clock.set(someHour + 2 * hourMs);
    await seals.sealHours();
    await parts.store.sql.system("maintenance", (tx) => tx.client.query(statement, [first]));
    expect((await seals.check(owner)).problems).toEqual(["The feedback of 2026-03-05T10 no longer fits the seal of that hour."]);
  });
});
