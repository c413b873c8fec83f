import { describe, expect, test } from "vitest";
import { alice, ask, fakeModels, mailSheet, type TestFunctions, useFunctions } from "../../test/functions.ts";
import { defineFunction, model } from "./index.ts";

const running = useFunctions();

const triage = defineFunction({
  ...mailSheet,
  name: "triage-mail",
  variants: {
    learned: model({ model: "triage-mail" }),
    careful: (input) => ({ label: input.subject.includes("$") ? "spam" : "ham", confidence: 0.6 }),
  },
  fallback: ["learned", { variant: "careful", when: "metadata.tier != 'free'" }],
});

/** What a call that nobody answered left behind. */
async function failedInference(open: TestFunctions, more: Parameters<typeof ask>[1]): Promise<{ code: string; inferenceId: string }> {
  try {
    await ask(open, more);
  } catch (error) {
    const { code, details } = error as { code: string; details: { inferenceId: string } };
    return { code, inferenceId: details.inferenceId };
  }
  throw new Error("it was answered");
}

/** As modules above see it. */
async function seenAbove(open: TestFunctions): Promise<string[]> {
  const { rows } = await open.store.sql.as(alice, (tx) =>
    tx.client.query<{ id: string }>("select id from functions_v_inferences order by id"),
  );
  return rows.map((row) => row.id);
}

describe("a drill", () => {
  test("is evidence that says so, on no arm, without shadows, and nothing that measures or learns sees it", async () => {
    const models = fakeModels();
    models.versions.set("triage-mail", [1]);
    const first = await running.start({ models, definitions: [triage] });
    const shadow = await first.functions.bind(alice, { function: "triage-mail", variant: "careful" });
    const { arms } = await first.functions.arms(alice, "triage-mail");
    await running.store.sql.as(alice, (tx) =>
      first.functions.setArms(tx, {
        function: "triage-mail",
        release: null,
        arms: [...arms, { binding: shadow.hash, variant: "careful", role: "shadow", share: 0 }],
      }),
    );
    await first.close();
    const open = await running.start({ models, definitions: [triage] });
    const own = { metadata: { tier: "paid" } };
    const real = await ask(open, own);
    await open.stored();
    const before = await seenAbove(open);
    const drilled = await ask(open, { ...own, drill: ["learned"] });
    const failed = await failedInference(open, { ...own, drill: ["learned", "careful"] });
    await open.functions.close();
    await open.stored();

    expect(drilled).toMatchObject({ variant: "careful", fallback: true });
    expect(await open.functions.getInference(alice, drilled.inferenceId)).toMatchObject({
      status: "ok",
      arm: "drill",
      variant: "careful",
      produced: { drill: ["learned"] },
      steps: [
        { name: "learned", status: "skipped", error: "variant_failed" },
        { name: "careful", status: "ok" },
      ],
      shadows: [],
    });
    expect(await open.functions.getInference(alice, failed.inferenceId)).toMatchObject({
      status: "failed",
      arm: "drill",
      produced: { drill: ["learned", "careful"] },
    });
    expect(await open.functions.getInference(alice, real.inferenceId)).toMatchObject({ arm: "stable", shadows: [{ variant: "careful" }] });
    expect((await open.functions.getInference(alice, real.inferenceId)).produced).not.toHaveProperty("drill");

    expect(before).toEqual([real.inferenceId]);
    expect(await seenAbove(open)).toEqual(before);
    const listed = (await open.functions.listInferences(alice, { limit: 2 })).items.map((item) => item.id);
    expect(listed).toEqual([failed.inferenceId, drilled.inferenceId]);
    const requests = (points: readonly { requests: number }[]) => points.reduce((sum, point) => sum + point.requests, 0);
    expect(requests(await open.functions.series(alice, "triage-mail", { buckets: 4 }))).toBe(1);
    expect(requests((await open.functions.get(alice, "triage-mail")).traffic)).toBe(1);
  });
});

describe("a step whose condition does not hold", () => {
  test("stands in the evidence with its condition; where nobody is left to ask, the error names it", async () => {
    const models = fakeModels();
    models.versions.set("triage-mail", [1]);
    models.predict = () => Promise.reject(new Error("no memory"));
    const open = await running.start({ models, definitions: [triage] });
    expect(await ask(open, { metadata: { tier: "paid" } })).toMatchObject({ variant: "careful", fallback: true });
    await expect(ask(open, { metadata: { tier: "free" } })).rejects.toThrow(/careful: not asked, it is only when metadata\.tier != 'free'/);
    const { code, inferenceId } = await failedInference(open, {});
    expect(code).toBe("all_variants_failed");
    await open.stored();
    expect((await open.functions.getInference(alice, inferenceId)).steps).toMatchObject([
      { name: "learned", status: "failed", error: "variant_failed" },
      { name: "careful", status: "skipped", details: { when: "metadata.tier != 'free'" } },
    ]);
    expect(await open.functions.get(alice, "triage-mail")).toMatchObject({
      fallback: ["learned", "careful"],
      conditions: { careful: "metadata.tier != 'free'" },
    });
  });
});
