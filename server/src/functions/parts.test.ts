import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { alice, triageMail } from "../../test/functions.ts";
import { Deadline, createManualClock, idBound, silentLogger } from "../core/index.ts";
import { createBinding, modelVersions } from "./bindings.ts";
import { createLastGoodAnswers } from "./last-good-answers.ts";
import { partitionsAt } from "./partitions.ts";
import { writeNodeFacts, writeRecord } from "./record.ts";
import { createShadowRunner } from "./shadow.ts";
import { variantKinds } from "./variants/index.ts";

describe("bindings", () => {
  test("property: the order of keys never changes the name, any value does", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), (resolved) => {
        const reversed = Object.fromEntries(Object.entries(resolved).reverse());
        const name = (parts: Record<string, unknown>) => createBinding("f", "v", "rules", { label: "x", resolved: parts }).hash;
        expect(name(reversed)).toBe(name(resolved));
        expect(name({ ...resolved, extra: 1 })).not.toBe(name(resolved));
      }),
    );
  });

  test("know every model version under them, at any depth", () => {
    expect(
      modelVersions({
        parts: [{ resolved: { model: "a", version: 1 } }, { resolved: { parts: [{ resolved: { model: "b", version: 2 } }] } }],
      }),
    ).toEqual({ a: 1, b: 2 });
  });
});

describe("partitions", () => {
  test("property: an id made now, or within the next day, has exactly one of each table", () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date("2020-01-01"), max: new Date("2090-01-01"), noInvalidDate: true }),
        fc.integer({ min: 0, max: 86_400_000 }),
        (date, later) => {
          const partitions = partitionsAt(date.getTime());
          const id = idBound(date.getTime() + later);
          for (const parent of ["functions_inferences", "functions_inference_bodies", "functions_shadows"]) {
            expect(partitions.filter((each) => each.parent === parent && each.from <= id && id < each.to)).toHaveLength(1);
          }
        },
      ),
    );
  });

  test("are named by their period", () => {
    expect(partitionsAt(Date.UTC(2026, 11, 31)).map((each) => each.table)).toEqual([
      "functions_inferences_202612",
      "functions_shadows_202612",
      "functions_inferences_202701",
      "functions_shadows_202701",
      "functions_inference_bodies_20261231",
      "functions_inference_bodies_20270101",
      "functions_inference_bodies_20270102",
    ]);
  });
});

describe("writeRecord", () => {
  test("property: is JSON that says what it was given, whatever the texts", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary" }),
        fc.string(),
        fc.option(fc.double()),
        fc.dictionary(fc.string(), fc.string()),
        (text, label, confidence, metadata) => {
          const record = JSON.parse(
            writeRecord({
              status: "failed",
              caller: { ...alice, principalId: text },
              candidate: null,
              function: text,
              fallback: true,
              label,
              confidence,
              error: "internal",
              latencyMs: 1.5,
              occurredAt: 12,
              input: JSON.stringify(text),
              output: "null",
              steps: [{ name: text, kind: "variant", startMs: 0, durationMs: 1, status: "ok" }],
              nodeFacts: writeNodeFacts(text, "c"),
              stateAgeMs: 3.7,
              traceId: undefined,
              budgetMs: 50,
              metadata,
              idempotency: { key: text, inputHash: "h" },
            }),
          ) as Record<string, unknown>;
          expect(record).toMatchObject({
            caller: text,
            function: text,
            label,
            input: text,
            output: null,
            metadata,
            idempotency: { key: text },
            produced: { node: text, configHash: "c", stateAgeMs: 4, budgetMs: 50 },
          });
          expect(record["confidence"]).toEqual(confidence !== null && Number.isFinite(confidence) ? confidence + 0 : null);
        },
      ),
    );
  });
});

describe("shadows", () => {
  const definition = triageMail();
  const plain = createBinding("triage-mail", "rules", "rules", { label: "rules", resolved: {} });

  function runner(run: () => unknown, bounds: { concurrency?: number; queue?: number } = {}) {
    const records: Record<string, unknown>[] = [];
    const journal = {
      appendSerialized: async (_type: string, _id: string, json: string) => void records.push(JSON.parse(json) as Record<string, unknown>),
      unavailable: () => undefined,
      stats: () => ({ accepted: 0, stored: 0, rejected: 0, backlog: 0 }),
    };
    const shadows = createShadowRunner({ journal, clock: createManualClock(0), logger: silentLogger, ...bounds });
    const offer = (count = 1) => {
      for (let index = 0; index < count; index++)
        shadows.offer({
          inferenceId: "id",
          definition,
          variants: [{ binding: plain, run }],
          input: {},
          caller: alice,
          label: "spam",
          output: "{}",
        });
    };
    return { shadows, offer, records };
  }

  test("say whether they agree, by label, and what failed", async () => {
    const answers = [{ label: "spam", confidence: 1 }, { label: "ham", confidence: 1 }, undefined, { label: "eggs" }];
    const { shadows, offer, records } = runner(() => answers.shift());
    offer(4);
    await shadows.idle();
    expect(records.map((record) => [record["agrees"], record["error"]])).toEqual([
      [true, null],
      [false, null],
      [null, "variant_failed"],
      [null, "invalid_output"],
    ]);
  });

  test("run a few at a time and drop what is past the bound", async () => {
    let running = 0;
    let most = 0;
    const { shadows, offer, records } = runner(
      async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 1));
        running--;
        return { label: "spam", confidence: 1 };
      },
      { concurrency: 2, queue: 10 },
    );
    offer(30);
    await shadows.idle();
    expect([most, records.length, shadows.dropped()]).toEqual([2, 10, 20]);
  });
});

describe("compose", () => {
  const recorder = { step: () => {}, elapsed: () => 0 };
  const definition = triageMail();
  const spec = definition.variants["both"] as never;
  const around = {
    context: alice,
    definition,
    sourceHash: "s",
    lastGood: createLastGoodAnswers(createManualClock(0)),
    kinds: variantKinds,
    models: {
      resolve: async () => ({ model: "triage-mail", version: 1, hash: "h" }),
      load: async () => {},
      predict: async () => ({ label: "ham", confidence: 0.4, probabilities: {} }),
    },
  };

  test("hands on what is not confident enough, and takes the most confident answer in the end", async () => {
    const resolution = await variantKinds.compose.resolve("both", spec, around);
    const binding = createBinding("triage-mail", "both", "compose", resolution!);
    const variant = await variantKinds.compose.open(spec, binding, around);
    const call = {
      context: alice,
      input: { subject: "$", body: "" },
      deadline: new Deadline(Infinity),
      signal: new AbortController().signal,
      evidence: recorder,
    };
    expect(await variant.run(call)).toEqual({ label: "spam", confidence: 0.6 });
    const sure = await variantKinds.compose.open(spec, binding, {
      ...around,
      models: { ...around.models, predict: async () => ({ label: "ham", confidence: 0.95, probabilities: {} }) },
    });
    expect(await sure.run(call)).toEqual({ label: "ham", confidence: 0.95 });
    const broken = await variantKinds.compose.open(spec, binding, {
      ...around,
      models: { ...around.models, predict: () => Promise.reject(new Error("gone")) },
    });
    expect(await broken.run(call)).toEqual({ label: "spam", confidence: 0.6 });
  });

  test("cannot be bound before every part can", async () => {
    expect(
      await variantKinds.compose.resolve("both", spec, { ...around, models: { ...around.models, resolve: async () => null } }),
    ).toBeNull();
  });
});
