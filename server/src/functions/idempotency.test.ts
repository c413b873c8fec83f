import { describe, expect, test } from "vitest";
import { createManualClock, defaultProjectId } from "../core/index.ts";
import { IdempotencyKeys, type IdempotencyStore, type StoredAnswer, hashInput, idempotencyTtlMs, scopeText } from "./idempotency.ts";

const scope = { projectId: defaultProjectId, principalId: "key:a", function: "f", key: "k" };

function emptyStore(): IdempotencyStore & { reads: number; answers: Map<string, string>; rows: (StoredAnswer & { scope: string })[] } {
  return {
    reads: 0,
    answers: new Map(),
    rows: [],
    async recent(limit) {
      return this.rows.slice(0, limit);
    },
    async find(wanted) {
      this.reads++;
      return this.rows.find((row) => row.scope === scopeText(wanted)) ?? null;
    },
    async answer(_projectId, id) {
      return this.answers.get(id) ?? null;
    },
  };
}

function open(store = emptyStore(), recovering = () => false) {
  const clock = createManualClock(1_000_000_000_000);
  return { keys: new IdempotencyKeys(store, clock, recovering), clock, store };
}

async function claim(keys: IdempotencyKeys, hash: string, key = "k") {
  const found = await keys.claim({ ...scope, key }, hash);
  if (!("claim" in found)) throw new Error("not a claim");
  return found.claim;
}

describe("idempotency keys", () => {
  test("bring back the answer for the same input, conflict on another, say when it still runs", async () => {
    const { keys, store } = open();
    const first = await claim(keys, "h1");
    await expect(keys.claim(scope, "h1")).rejects.toMatchObject({ code: "idempotency_in_progress" });
    first.keep("id", "the answer");
    expect(await keys.claim(scope, "h1")).toEqual({ answer: "the answer" });
    await expect(keys.claim(scope, "h2")).rejects.toMatchObject({ code: "idempotency_conflict" });
    expect(store.reads).toBe(0);
  });

  test("belong to one caller and one function", async () => {
    const { keys } = open();
    (await claim(keys, "h")).keep("id", "a");
    for (const other of [
      { ...scope, principalId: "key:b" },
      { ...scope, function: "g" },
      { ...scope, projectId: "p" },
    ]) {
      expect(await keys.claim(other, "other")).toHaveProperty("claim");
    }
  });

  test("of a process that still answers are found in the table, and taken up when it is gone", async () => {
    const { keys, store, clock } = open();
    await keys.recover({ stillAnswers: true });
    const mine = await claim(keys, "mine", "mine");
    store.rows.push({ scope: scopeText(scope), inferenceId: "theirs", inputHash: "h", createdAt: clock.now() });
    store.rows.push({ scope: scopeText({ ...scope, key: "mine" }), inferenceId: "old", inputHash: "x", createdAt: clock.now() });
    store.answers.set("theirs", "their answer");
    expect(await keys.claim(scope, "h")).toEqual({ answer: "their answer" });

    await keys.recover();
    const { reads } = store;
    await claim(keys, "h", "new");
    expect(store.reads).toBe(reads);
    // What this process does meanwhile stays its own.
    mine.keep("id", "my answer");
    expect(await keys.claim({ ...scope, key: "mine" }, "mine")).toEqual({ answer: "my answer" });
  });

  test("are free again after a failure, and after 24 hours", async () => {
    const { keys, clock } = open();
    (await claim(keys, "h1")).free();
    (await claim(keys, "h2")).keep("id", "a");
    clock.advance(idempotencyTtlMs);
    (await claim(keys, "h3")).keep("id", "b");
    expect(await keys.claim(scope, "h3")).toEqual({ answer: "b" });
  });

  test("hold across a restart: the key from the table, the answer from the evidence", async () => {
    const store = emptyStore();
    store.rows.push({ scope: scopeText(scope), inferenceId: "id", inputHash: "h", createdAt: 1_000_000_000_000 - 1000 });
    const { keys } = open(store);
    await keys.recover();
    await expect(keys.claim(scope, "other")).rejects.toMatchObject({ code: "idempotency_conflict" });
    await expect(keys.claim(scope, "h")).rejects.toMatchObject({ code: "overloaded" });
    store.answers.set("id", "kept");
    expect(await keys.claim(scope, "h")).toEqual({ answer: "kept" });
  });

  test("refuse a key they do not know while the journal of the last run is read", async () => {
    let recovering = true;
    const { keys } = open(emptyStore(), () => recovering);
    await expect(keys.claim(scope, "h")).rejects.toMatchObject({ code: "overloaded", details: { retryAfterSeconds: 1 } });
    recovering = false;
    expect(await keys.claim(scope, "h")).toHaveProperty("claim");
  });

  test("that the journal of the last run still held when they were read are found in the table, then taken up", async () => {
    let recovering = true;
    const store = emptyStore();
    const { keys, clock } = open(store, () => recovering);
    await keys.recover();
    store.rows.push({ scope: scopeText(scope), inferenceId: "late", inputHash: "h", createdAt: clock.now() });
    store.answers.set("late", "the first answer");
    recovering = false;
    expect(await keys.claim(scope, "h")).toEqual({ answer: "the first answer" });
    const { reads } = store;
    await claim(keys, "h", "new");
    expect(store.reads).toBe(reads);
  });

  test("look in the table once memory may lack one", async () => {
    const store = emptyStore();
    for (let index = 0; index < 100_000; index++)
      store.rows.push({ scope: `other\n${index}`, inferenceId: "id", inputHash: "h", createdAt: 1_000_000_000_000 });
    store.rows.push({ scope: scopeText(scope), inferenceId: "old", inputHash: "h", createdAt: 1_000_000_000_000 - 5000 });
    store.answers.set("old", "kept");
    const { keys } = open(store);
    await keys.recover();
    expect(await keys.claim(scope, "h")).toEqual({ answer: "kept" });
    expect(store.reads).toBe(1);
  });

  test("only one of many at once gets the claim", async () => {
    const { keys } = open();
    const results = await Promise.allSettled(Array.from({ length: 50 }, () => keys.claim(scope, "h")));
    expect(results.filter((result) => result.status === "fulfilled")).toHaveLength(1);
    const store = emptyStore();
    for (let index = 0; index < 100_000; index++)
      store.rows.push({ scope: `other\n${index}`, inferenceId: "id", inputHash: "h", createdAt: 1_000_000_000_000 });
    const { keys: incomplete } = open(store);
    await incomplete.recover();
    const later = await Promise.allSettled(Array.from({ length: 50 }, () => incomplete.claim(scope, "h")));
    expect(later.filter((result) => result.status === "fulfilled")).toHaveLength(1);
  });

  test("hash equal inputs equally, however their keys are ordered", () => {
    expect(hashInput({ a: 1, b: { c: 2, d: 3 } })).toBe(hashInput({ b: { d: 3, c: 2 }, a: 1 }));
    expect(hashInput({ a: 1 })).not.toBe(hashInput({ a: "1" }));
  });
});
