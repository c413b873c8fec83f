import { writeFile } from "node:fs/promises";
import type { Batch, BatchRow } from "@millrace/contract";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { type TestBatches, openTestBatches } from "../../../test/batches.ts";
import { mailSheet, triageMail } from "../../../test/functions.ts";
import { type ScriptedUpstream, startScriptedUpstream } from "../../../test/scripted-upstream.ts";
import { createId } from "../../core/index.ts";
import { llm } from "../declare-llm.ts";
import { testGateway } from "../llm/test-llm.ts";
import { defineFunction, rules } from "../define-function.ts";
import { type AnsweredRow, answeredRows, endBatch, findBatch, insertBatch, keepProgress, readLinesAfter } from "./repository.ts";

/** How many rows are being answered, and what holds them back. */
const slow = { atWork: 0, most: 0, open: true };

const slowly = defineFunction({
  name: "slowly",
  owner: "team",
  purpose: { objective: "o", decision: "d", errors: [] },
  boundary: "may label",
  input: z.object({ text: z.string() }),
  output: z.object({ label: z.string(), confidence: z.number() }),
  latencyBudgetMs: 20_000,
  variants: {
    plain: rules(async ({ text }: { text: string }) => {
      slow.atWork++;
      slow.most = Math.max(slow.most, slow.atWork);
      while (!slow.open) await new Promise((resolve) => setTimeout(resolve, 5));
      await new Promise((resolve) => setTimeout(resolve, 5));
      slow.atWork--;
      if (text === "broken") throw new TypeError("this row breaks it");
      return { label: text, confidence: 1 };
    }),
  },
  fallback: ["plain"],
});

const asking = defineFunction({
  ...mailSheet,
  name: "asking",
  input: z.object({ text: z.string() }),
  output: z.object({ label: z.string(), confidence: z.number() }),
  variants: { asked: llm({ model: "one/ok", prompt: "{{text}}", parameters: { script: ['{"label":"said","confidence":1}'] } }) },
  fallback: ["asked"],
});

let upstream: ScriptedUpstream;
let world: TestBatches;
beforeAll(async () => {
  upstream = await startScriptedUpstream();
  world = await openTestBatches({ definitions: [slowly, triageMail(), asking], gateway: testGateway(upstream) });
});
afterAll(async () => {
  await world.close();
  await upstream.close();
});

let shared: Promise<{ first: Batch; rows: BatchRow[] }> | undefined;
/** The batch that several tests look at: bad rows first, then good ones. */
function answered() {
  shared ??= (async () => {
    const bad = [{ text: "a" }, "not json", "", { text: 7 }, "[]", { text: "broken" }, { text: "b" }];
    const uploadId = await world.upload([...bad, ...texts(40)]);
    const first = await world.ended(await world.start({ uploadId, concurrency: 3 }));
    return { first, rows: await world.rows(first) };
  })();
  return shared;
}

const texts = (count: number) => Array.from({ length: count }, (_, index) => ({ text: `row ${index + 1}` }));
const pathOf = (batch: { function: string; id: string }) => `/api/functions/${batch.function}/batches/${batch.id}`;

describe("a batch", () => {
  test("answers every row of an upload in order, keeps the errors of bad rows apart, and asks no more at once than it may", async () => {
    const { first, rows } = await answered();
    expect(first).toMatchObject({ status: "succeeded", rows: { total: 46, done: 42, failed: 4 }, cost: null, error: null, waiting: null });
    expect(rows.slice(0, 6).map(({ row, status, error }) => [row, status, error?.code ?? null])).toEqual([
      [1, "ok", null],
      [2, "failed", "invalid_json"],
      [3, "failed", "invalid_input"],
      [4, "failed", "invalid_json"],
      [5, "failed", "all_variants_failed"],
      [6, "ok", null],
    ]);
    expect(rows.map(({ row }) => row)).toEqual(Array.from({ length: 46 }, (_, index) => index + 1));
    expect(rows[1]!.error!.message).toContain("Line 2");
    expect(rows[5]).toMatchObject({ output: { label: "b", confidence: 1 }, variant: "plain", fallback: false, cost: null });
    expect(slow.most).toBe(3);
  });

  test("makes each row an inference with the batch and the row in its metadata", async () => {
    const { first, rows } = await answered();
    await world.http.stored();
    for (const { row, inferenceId } of [rows[4]!, rows[5]!]) {
      const inference = await world.http.send({ path: `/api/inferences/${inferenceId!}`, key: world.http.adminKey });
      expect(inference.json()).toMatchObject({ metadata: { batch: first.id, row: String(row) }, caller: first.createdBy });
    }
  });

  test("is Parquet with the rows of its JSON lines, and each reading of it is in the audit log", async () => {
    const { first, rows } = await answered();
    const answer = await world.http.send({ path: `${pathOf(first)}/result?format=parquet`, key: world.http.adminKey });
    expect(answer.headers).toMatchObject({
      "content-type": "application/vnd.apache.parquet",
      "content-length": String(first.result!.parquet.bytes),
      "content-disposition": `attachment; filename="slowly-${first.id}.parquet"`,
    });
    const path = await world.parts.blobs.path(world.parts.context, first.result!.parquet.hash);
    expect(await world.parts.lake.readParquet(path)).toEqual(rows);
    const audited = await world.parts.audited();
    expect(audited.filter((entry) => entry.endsWith(first.id))).toEqual([
      `functions.create-batch batch:${first.id}`,
      `functions.end-batch batch:${first.id}`,
      `functions.read-batch batch:${first.id}`,
      `functions.read-batch batch:${first.id}`,
    ]);
  });

  test("loses what an erased inference answered, in both formats and for good; its other rows stay", async () => {
    const ended = await world.ended(await world.start({ uploadId: await world.upload(texts(3)) }));
    const before = await world.rows(ended);
    await world.http.stored();
    const erase = () =>
      world.http.send({ method: "DELETE", path: `/api/inferences/${before[1]!.inferenceId!}/body`, key: world.http.adminKey });
    expect((await erase()).status).toBe(200);
    const { result } = await world.get(ended);
    const after = await world.rows(ended);
    expect(after).toEqual([before[0], { ...before[1], output: null }, before[2]]);
    expect(before[1]!.output).not.toBeNull();
    const { blobs, context, lake } = world.parts;
    expect(await lake.readParquet(await blobs.path(context, result!.parquet.hash))).toEqual(after);
    expect(await Promise.all([ended.result!.jsonl, ended.result!.parquet].map(({ hash }) => blobs.has(context, hash)))).toEqual([
      false,
      false,
    ]);
    expect((await erase()).json()).toMatchObject({ changed: false });
    expect((await world.get(ended)).result).toEqual(result);
  });

  test("loses a row that waits for the others, and an inference that only says it was of a batch changes none", async () => {
    const { first, rows } = await answered();
    await world.http.stored();
    const body = { input: { text: "a" }, metadata: { batch: first.id, row: "1" } };
    const asked = await world.http.send({ method: "POST", path: "/api/functions/slowly/infer", key: world.http.adminKey, body });
    const { inferenceId } = asked.json<{ inferenceId: string }>();
    await world.http.stored();
    const path = `/api/inferences/${inferenceId}/body`;
    expect((await world.http.send({ method: "DELETE", path, key: world.http.adminKey })).json()).toMatchObject({ changed: true });
    expect(await world.rows(first)).toEqual(rows);
    const [batchId, row] = [await withoutWorkflow(first), 1];
    const line = JSON.stringify({ ...rows[0]!, row });
    const { sql } = world.parts.store;
    const kept = [{ row, status: "ok" as const, line, cost: null }];
    await sql.as(world.parts.context, (tx) => keepProgress(tx, { id: batchId, answered: kept, rate: null, waiting: null }));
    await world.batches.eraseRow(world.parts.context, { batchId, row, inferenceId: rows[0]!.inferenceId! });
    const [waiting] = await sql.as(world.parts.context, (tx) => readLinesAfter(tx, { id: batchId, after: 0, limit: 5 }));
    expect(JSON.parse(waiting!.line)).toEqual({ ...rows[0], row, output: null });
  });

  test("sums what models cost", async () => {
    const uploadId = await world.upload(Array.from({ length: 3 }, (_, index) => ({ text: `row ${index}` })));
    const ended = await world.ended(await world.start({ uploadId, concurrency: 1 }, { name: "asking" }));
    const rows = await world.rows(ended);
    expect(rows.map(({ output }) => output)).toEqual(rows.map(() => ({ label: "said", confidence: 1 })));
    expect(Number(rows[0]!.cost)).toBeGreaterThan(0);
    expect(Number(ended.cost)).toBeCloseTo(
      rows.reduce((sum, { cost }) => sum + Number(cost), 0),
      12,
    );
    expect(ended.unpriced).toBe(0);
  });

  test("over a dataset takes the columns of the input, or those that are named", async () => {
    const rows = Array.from({ length: 12 }, (_, index) => ({
      at: `2026-01-01T00:00:${10 + index}Z`,
      subject: index % 2 === 0 ? `$ ${index}` : `hello ${index}`,
      body: `words ${"abcdefghijkl"[index]!.repeat(20)}`,
      label: "spam",
    }));
    const dataset = await world.parts.build(rows, {
      name: "mail",
      timeColumn: "at",
      featureColumns: ["subject", "body"],
      labelColumn: "label",
    });
    const plain = await world.rows(await world.ended(await world.start({ dataset }, { name: "triage-mail" })));
    expect(plain.map(({ output }) => (output as { label: string }).label)).toEqual(
      rows.map(({ subject }) => (subject.includes("$") ? "spam" : "ham")),
    );
    const mapped = await world.rows(await world.ended(await world.start({ dataset, map: { text: "body" } })));
    expect(mapped.map(({ output }) => (output as { label: string }).label)).toEqual(rows.map(({ body }) => body));
    const refused = await world.http.send({
      method: "POST",
      path: "/api/functions/slowly/batches",
      key: world.http.adminKey,
      body: { dataset },
    });
    expect(refused.problem()).toMatchObject({ code: "invalid_request", detail: expect.stringContaining('no column "text"') as string });
  });

  test("pauses while its function is switched off, says so, and goes on by itself", async () => {
    const batch = await world.start({ uploadId: await world.upload(texts(30)), concurrency: 2 });
    const flip = (off: boolean) =>
      world.http.send({
        method: "PUT",
        path: "/api/governance/switches/slowly",
        key: world.http.adminKey,
        body: { off, reason: "too many errors" },
      });
    await flip(true);
    const paused = await world.until(batch, ({ status }) => status === "paused");
    expect(paused).toMatchObject({ waiting: { code: "function_switched_off" }, rate: null });
    expect(paused.waiting!.message).toContain("too many errors");
    await flip(false);
    const ended = await world.ended(batch);
    expect(ended).toMatchObject({ status: "succeeded", rows: { total: 30, done: 30, failed: 0 } });
  });

  test("keeps to the limit of its key", async () => {
    const key = await world.http.createKey({
      name: "slow-key",
      roles: ["caller"],
      permissions: ["data.write"],
      limit: { requests: 3, windowSeconds: 1 },
    });
    const batch = await world.start({ uploadId: await world.upload(texts(8)) }, { key });
    const paused = await world.until(batch, ({ waiting }) => waiting !== null);
    expect(paused.waiting!.code).toBe("rate_limited");
    expect(paused.rows.done).toBeLessThan(8);
    expect((await world.ended(batch)).rows).toEqual({ total: 8, done: 8, failed: 0 });
  });

  test("ends when its key is revoked, with what was answered as its result", async () => {
    const created = await world.http.send({
      method: "POST",
      path: "/api/governance/keys",
      key: world.http.adminKey,
      body: { name: "short-lived", roles: ["caller"], permissions: ["data.write"] },
    });
    const { id, key } = created.json<{ id: string; key: string }>();
    slow.open = false;
    const batch = await world.start({ uploadId: await world.upload(texts(20)), concurrency: 2 }, { key });
    await until(() => slow.atWork === 2);
    await world.http.send({ method: "DELETE", path: `/api/governance/keys/${id}`, key: world.http.adminKey });
    slow.open = true;
    const ended = await world.ended(batch);
    expect(ended).toMatchObject({ status: "failed", error: { code: "forbidden" }, rows: { total: 20, done: 2, failed: 0 } });
    expect(await world.rows(ended)).toHaveLength(2);
  });

  test("that is cancelled asks no further row; what was answered is its result", async () => {
    const batch = await world.start({ uploadId: await world.upload(texts(5_000)), concurrency: 1 });
    await world.until(batch, ({ rows }) => rows.done > 0);
    const cancel = () => world.http.send({ method: "POST", path: `${pathOf(batch)}/cancel`, key: world.http.adminKey });
    expect((await cancel()).status).toBe(200);
    const ended = await world.ended(batch);
    expect(ended).toMatchObject({ status: "cancelled", rows: { total: 5_000, failed: 0 }, error: null });
    expect(ended.rows.done).toBeLessThan(5_000);
    expect((await world.rows(ended)).map(({ row }) => row)).toEqual(Array.from({ length: ended.rows.done }, (_, index) => index + 1));
    expect((await cancel()).problem()).toMatchObject({ code: "conflict" });
  });

  test("that is cancelled before its first row has an empty result", async () => {
    slow.open = false;
    const others = await Promise.all([1, 2, 3, 4].map(async (n) => world.start({ uploadId: await world.upload([{ text: `${n}` }]) })));
    await until(() => slow.atWork === 4);
    const waiting = await world.start({ uploadId: await world.upload(texts(2)) });
    expect(waiting.status).toBe("queued");
    await world.http.send({ method: "POST", path: `${pathOf(waiting)}/cancel`, key: world.http.adminKey });
    slow.open = true;
    const ended = await world.ended(waiting);
    expect(ended).toMatchObject({ status: "cancelled", rows: { total: 2, done: 0, failed: 0 }, result: { rows: 0 } });
    expect(await world.rows(ended)).toEqual([]);
    for (const other of others) await world.ended(other);
  });

  test("fails with its reason when its rows are damaged", async () => {
    const uploadId = await world.upload([{ text: "never seen before" }]);
    const upload = await world.parts.data.findUpload(world.parts.context, uploadId);
    await writeFile(await world.parts.blobs.path(world.parts.context, upload.hash), "something else");
    const ended = await world.ended(await world.start({ uploadId }));
    expect(ended).toMatchObject({ status: "failed", error: { code: "blob_corrupt" }, result: null });
    const result = await world.http.send({ path: `${pathOf(ended)}/result`, key: world.http.adminKey });
    expect(result.problem()).toMatchObject({ code: "conflict" });
  });
});

/** A batch like this one that nobody works at; its id. */
async function withoutWorkflow({ id: known }: Batch): Promise<string> {
  const id = createId();
  await world.parts.store.sql.as(world.parts.context, async (tx) => {
    const { rows_hash } = (await findBatch(tx, known))!;
    const facts = { function: "slowly", source: "mail@1", map: null, concurrency: 1, deadline_ms: null, total: 9, provider: null };
    await insertBatch(tx, { ...facts, id, rows_hash, workflow_id: "none" });
  });
  return id;
}

test("an answer that is kept twice is counted once", async () => {
  const { first } = await answered();
  const { sql } = world.parts.store;
  const context = world.parts.context;
  const id = await withoutWorkflow(first);
  const row = (number: number, cost: string | null): AnsweredRow => ({
    row: number,
    status: number % 3 === 0 ? "failed" : "ok",
    line: JSON.stringify({ row: number, text: "\u0000" }),
    cost,
  });
  const costs = [null, "0.1", null, "0.2", "unknown", null];
  const all = costs.map((cost, index) => row(index + 1, cost));
  const keep = (answered: AnsweredRow[]) => sql.as(context, (tx) => keepProgress(tx, { id, answered, rate: null, waiting: null }));
  await keep(all.slice(0, 4));
  await keep(all);
  await keep([]);
  const kept = (await sql.as(context, (tx) => findBatch(tx, id)))!;
  expect(kept).toMatchObject({ done: 4, failed: 2, cost: "0.3", unpriced: 1 });
  expect(await sql.as(context, (tx) => answeredRows(tx, { id, from: 1, to: 5 }))).toEqual(new Set([2, 3, 4, 5]));
  const end = { id, status: "cancelled" as const, error: null, result: null };
  expect([await sql.as(context, (tx) => endBatch(tx, end)), await sql.as(context, (tx) => endBatch(tx, end))]).toEqual([true, false]);
});

describe("who may", () => {
  test("start one, follow it and read its result: whoever may ask the function; of others', only with permissions of their own", async () => {
    const caller = await world.http.createKey({ name: "caller", roles: ["caller"], permissions: ["data.write"] });
    const other = await world.http.createKey({ name: "other", roles: ["caller"] });
    const elsewhere = await world.http.createKey({ name: "elsewhere", roles: ["caller"], functions: ["triage-mail"] });
    const viewer = await world.http.createKey({ name: "viewer", roles: ["viewer"] });
    const batch = await world.ended(await world.start({ uploadId: await world.upload(texts(1)) }, { key: caller }));
    const status = async (key: string, path: string, method = "GET") => (await world.http.send({ method, path, key })).status;
    const path = pathOf(batch);
    expect(await status(caller, path)).toBe(200);
    expect(await status(caller, `${path}/result`)).toBe(200);
    expect(await status(other, path)).toBe(200);
    expect(await status(other, `${path}/result`)).toBe(403);
    expect(await status(other, `${path}/cancel`, "POST")).toBe(403);
    expect(await status(elsewhere, path)).toBe(403);
    expect(await status(viewer, "/api/functions/slowly/batches")).toBe(200);
    expect(await status(viewer, `${path}/result`)).toBe(403);
    const start = { method: "POST", path: "/api/functions/slowly/batches", key: other };
    expect((await world.http.send({ ...start, body: { dataset: "mail@1" } })).status).toBe(403);
    expect((await world.http.send({ ...start, key: viewer, body: { dataset: "mail@1" } })).status).toBe(403);
  });

  test("know what does not exist, and what cannot be", async () => {
    const post = async (body: unknown, name = "slowly") =>
      (await world.http.send({ method: "POST", path: `/api/functions/${name}/batches`, key: world.http.adminKey, body })).problem().code;
    expect(await post({ dataset: "nothing@1" })).toBe("unknown_dataset");
    expect(await post({ uploadId: "0198c5a2-7d1e-7abc-8def-0123456789ab" })).toBe("not_found");
    expect(await post({ dataset: "mail@1" }, "nobody")).toBe("unknown_function");
    expect(await post({ dataset: "mail@1", uploadId: "0198c5a2-7d1e-7abc-8def-0123456789ab" })).toBe("invalid_request");
    expect(await post({ uploadId: await world.upload(texts(1)), concurrency: 65 })).toBe("invalid_request");
  });
});

test("batches are listed newest first, a page at a time", async () => {
  const list = async (query: string) =>
    (await world.http.send({ path: `/api/functions/slowly/batches?${query}`, key: world.http.adminKey })).json<{
      items: { id: string }[];
      next: string | null;
    }>();
  const all = await list("limit=500");
  const first = await list("limit=2");
  const second = await list(`limit=2&cursor=${first.next!}`);
  expect([...first.items, ...second.items]).toEqual(all.items.slice(0, 4));
  expect(all.items.map(({ id }) => id)).toEqual(
    all.items
      .map(({ id }) => id)
      .toSorted()
      .reverse(),
  );
});

async function until(reached: () => boolean): Promise<void> {
  while (!reached()) await new Promise((resolve) => setTimeout(resolve, 10));
}
