import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { createTestStore, type TestStore } from "../../test/store.ts";
import { AppError, type Context, createId, silentLogger, systemClock, systemContext } from "../core/index.ts";
import { defineFunction } from "../functions/index.ts";
import type { AuditChange } from "../governance/index.ts";
import { configSchema, createJobs, type Jobs } from "../jobs/index.ts";
import { createEvaluation, type Evaluation, type EvaluationDeps } from "./index.ts";

const context = systemContext("test");
const stranger: Context = { projectId: createId(), principalId: "key:stranger" };
const audited: AuditChange[] = [];
let store: TestStore;
let jobs: Jobs;
let evaluation: Evaluation;

const triage = defineFunction({
  name: "triage",
  owner: "team",
  purpose: { objective: "o", decision: "d", errors: [] },
  boundary: "may label",
  input: z.object({ subject: z.string() }),
  output: z.object({ label: z.string(), confidence: z.number().optional() }),
  latencyBudgetMs: 50,
  variants: {
    learned: { kind: "model", model: "triage", alias: "champion" },
    plain: (input: { subject: string }) => ({ label: input.subject.includes("win") ? "spam" : "ham" }),
  },
  fallback: ["learned", "plain"],
  retraining: { gate: { margin: 0.01 } },
});

// 400 held-back rows, one in four spam; a row without a label and one the function would refuse are there too.
const rows: Record<string, unknown>[] = Array.from({ length: 400 }, (_, index) => ({
  subject: index % 4 === 0 ? `win ${index}` : `hello ${index}`,
  label: index % 4 === 0 ? "spam" : "ham",
}));
rows.push({ subject: "no label", label: null }, { subject: null, label: "ham" });

/** Versions are right about all but every n-th row. */
const wrongEvery: Record<number, number> = { 1: 10, 2: 50, 3: 3 };

function numberOf(subject: string): number {
  return Number(subject.split(" ")[1]);
}

const models: EvaluationDeps["models"] = {
  resolve: async (_context, { model, version }) =>
    version !== undefined && version in wrongEvery ? { model, version, hash: "0".repeat(64) } : null,
  getVersion: async (_context, model, version) => {
    if (!(version in wrongEvery)) throw new AppError("unknown_model", `There is no model ${model}@${version}.`);
    return {} as never;
  },
  predictMany: async (_context, { version }, asked) =>
    asked.map(({ subject }) => {
      const truth = String(subject).startsWith("win") ? "spam" : "ham";
      const wrong = numberOf(String(subject)) % wrongEvery[version]! === 0;
      return { label: wrong ? (truth === "spam" ? "ham" : "spam") : truth, confidence: 0.9, probabilities: {} };
    }),
};

beforeAll(async () => {
  store = await createTestStore();
  jobs = createJobs({
    sql: store.sql,
    audit: async () => {},
    clock: systemClock,
    logger: silentLogger,
    config: configSchema.parse({ pollMs: 50 }),
    nodeId: "node-a",
    configHash: "",
    version: "0",
  });
  evaluation = createEvaluation({
    sql: store.sql,
    jobs,
    models,
    data: {
      get: async (_context, reference) => {
        if (reference !== "mail@2") throw new AppError("unknown_dataset");
        return {} as never;
      },
      snapshot: async () => ({ path: "mail.parquet", dataset: { labelColumn: "label", featureColumns: ["subject"] } as never }),
    },
    functions: {
      definition: (name) => {
        if (name !== "triage") throw new AppError("unknown_function");
        return triage;
      },
      runVariant: async (_context, { variant, input }) => {
        if (variant !== "plain") throw new AppError("not_found");
        const { subject } = input as { subject: string };
        // Plain code that fails on some rows gives no answer there.
        if (numberOf(subject) % 40 === 1) throw new AppError("variant_failed");
        return { label: subject.includes("win") ? "spam" : "ham", confidence: null } as never;
      },
    },
    lake: {
      readParquet: async (_path, query) => {
        expect(query?.where).toEqual([{ column: "_split", operator: "=", value: "holdout" }]);
        return rows as never;
      },
    },
    audit: async (_tx, change) => {
      audited.push(change);
    },
    clock: systemClock,
    logger: silentLogger,
  });
  await jobs.start("up");
});

afterAll(async () => {
  await jobs?.close();
  await store?.close();
});

describe("an evaluation", () => {
  test("measures champion, challenger and rules on the same held-back rows, judges, and keeps what it found", async () => {
    const { workflowId } = await evaluation.create(context, { function: "triage", dataset: "mail@2", champion: 1, challenger: 2 });
    const { evaluationId } = await jobs.result<{ evaluationId: string }>(workflowId);
    const report = await evaluation.get(context, evaluationId);
    expect(report).toMatchObject({
      function: "triage",
      dataset: "mail@2",
      rows: 400,
      verdict: "pass",
      missingRows: null,
      rulesAreEnough: true,
    });
    expect(report.scores.map((score) => [score.role, score.candidate, score.accuracy.value])).toEqual([
      ["champion", "model triage@1", 0.9],
      ["challenger", "model triage@2", 0.98],
      ["baseline", "plain", 0.975],
    ]);
    expect(report.difference.value).toBeCloseTo(0.08);
    expect(report.difference.n).toBe(400);
    expect(report.scores[1]!.ece).toBeCloseTo(0.08);
    expect(report.scores[2]!.ece).toBeNull();
    expect(report.scores[0]!.slices.map((slice) => [slice.slice, slice.metric, slice.estimate.n])).toEqual([
      ["label=ham", "recall", 300],
      ["label=spam", "recall", 100],
    ]);
    expect(audited).toMatchObject([
      { action: "evaluation.judge", object: "function:triage", after: { evaluation: evaluationId, verdict: "pass" } },
    ]);
  });

  test("says when the challenger is worse, and lists newest first, by project", async () => {
    const { workflowId } = await evaluation.create(context, { function: "triage", dataset: "mail@2", champion: 1, challenger: 3 });
    const { evaluationId, verdict } = await jobs.result<{ evaluationId: string; verdict: string }>(workflowId);
    expect(verdict).toBe("fail");
    const first = await evaluation.list(context, { function: "triage", limit: 1 });
    expect(first.items.map((item) => item.id)).toEqual([evaluationId]);
    expect((await evaluation.list(context, { limit: 1, cursor: first.next! })).items[0]!.verdict).toBe("pass");
    expect((await evaluation.list(context, { function: "other", limit: 10 })).items).toEqual([]);
    expect((await evaluation.list(stranger, { limit: 10 })).items).toEqual([]);
    await expect(evaluation.get(stranger, evaluationId)).rejects.toMatchObject({ code: "not_found" });
    await expect(evaluation.list(context, { limit: 1, cursor: "x" })).rejects.toMatchObject({ code: "invalid_request" });
  });

  test("refuses what does not exist before it starts", async () => {
    const input = { function: "triage", dataset: "mail@2", champion: 1, challenger: 2 };
    await expect(evaluation.create(context, { ...input, function: "nothing" })).rejects.toMatchObject({ code: "unknown_function" });
    await expect(evaluation.create(context, { ...input, dataset: "mail@9" })).rejects.toMatchObject({ code: "unknown_dataset" });
    await expect(evaluation.create(context, { ...input, challenger: 9 })).rejects.toMatchObject({ code: "unknown_model" });
  });
});
