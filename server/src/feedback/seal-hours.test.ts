import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type TestGovernance, openTestGovernance } from "../governance/test-governance.ts";
import { type Context, createId, createManualClock, idBound, sha256 } from "../core/index.ts";
import { insertItems } from "./repository.ts";
import { type FeedbackSeals, createFeedbackSeals } from "./seal-hours.ts";

const hourMs = 3_600_000;
const someHour = Date.UTC(2026, 2, 5, 10);
const clock = createManualClock(someHour);
let opened: TestGovernance;
let seals: FeedbackSeals;
let context: Context;
beforeAll(async () => {
  opened = await openTestGovernance();
  seals = createFeedbackSeals({ sql: opened.store.sql, seals: opened.governance.seals, clock });
});
afterAll(() => opened.close());
beforeEach(async () => {
  await opened.store.sql.owner.query("truncate feedback_items, governance_audit");
  context = { projectId: createId(), principalId: "key:alice" };
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
  await opened.store.sql.as(context, (tx) => insertItems(tx, items));
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
  expect(await seals.check(context)).toEqual({ hours: 2, records: 1201, problems: [] });
  const { items } = await opened.governance.auditLog.list(context, { limit: 10 });
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
  expect(await seals.check(context)).toEqual({ hours: 2, records: 4, problems: [] });
});

test.each([
  ["changed", "update feedback_items set value = '\"ham\"' where id = $1"],
  ["removed", "delete from feedback_items where id = $1"],
])("what was %s after the seal is found", async (_what, statement) => {
  const [first] = await put(3, someHour);
  clock.set(someHour + 2 * hourMs);
  await seals.sealHours();
  await opened.store.sql.system("maintenance", (tx) => tx.client.query(statement, [first]));
  expect((await seals.check(context)).problems).toEqual(["The feedback of 2026-03-05T10 no longer fits the seal of that hour."]);
});
