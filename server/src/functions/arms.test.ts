import type { InferResponse } from "@millrace/contract";
import { describe, expect, test } from "vitest";
import { alice, ask, fakeModels, mailSheet, useFunctions } from "../../test/functions.ts";
import { createId } from "../core/index.ts";
import { defineFunction } from "./define-function.ts";

const running = useFunctions();

describe("arms", () => {
  test("a canary gets its share, a shadow answers nobody, and both are in the evidence", async () => {
    const models = fakeModels();
    models.versions.set("triage-mail", [1, 2]);
    const open = await running.start({ models });
    const { functions } = open;
    const one = await functions.bind(alice, { function: "triage-mail", variant: "learned", versions: { "triage-mail": 1 } });
    const two = await functions.bind(alice, { function: "triage-mail", variant: "learned", versions: { "triage-mail": 2 } });
    const rulesBinding = await functions.bind(alice, { function: "triage-mail", variant: "rules" });
    await running.store.sql.as(alice, (tx) =>
      functions.setArms(tx, {
        function: "triage-mail",
        release: "01890000-0000-7000-8000-000000000001",
        arms: [
          { binding: one.hash, variant: "learned", role: "stable", share: 0.9 },
          { binding: two.hash, variant: "learned", role: "canary", share: 0.1 },
          { binding: rulesBinding.hash, variant: "rules", role: "shadow", share: 0 },
        ],
      }),
    );
    await expect.poll(() => functions.readyBindings(), { timeout: 5000 }).toContain(two.hash);
    await open.hotState.refresh();
    const answers: InferResponse[] = [];
    for (let count = 0; count < 200; count++) answers.push(await ask(open));
    expect(answers.filter((answer) => answer.binding === two.hash).length).toBeGreaterThanOrEqual(19);
    expect(answers.filter((answer) => answer.binding === two.hash).length).toBeLessThanOrEqual(21);
    await expect
      .poll(async () => (await functions.getInference(alice, answers.at(-1)!.inferenceId).catch(() => null))?.shadows.length, {
        timeout: 5000,
      })
      .toBe(1);
    const canary = answers.find((answer) => answer.binding === two.hash)!;
    expect(await functions.getInference(alice, canary.inferenceId)).toMatchObject({
      arm: "canary",
      produced: { release: "01890000-0000-7000-8000-000000000001", binding: { version: 2 } },
      shadows: [{ variant: "rules", agrees: false, output: { label: "spam" } }],
    });
  });

  test("a canary that fails falls back to the stable binding", async () => {
    const models = fakeModels();
    models.versions.set("triage-mail", [1, 2]);
    models.predict = async (_context, reference) => {
      if (reference.version === 2) throw new Error("canary broken");
      return { label: "spam", confidence: 1, probabilities: {} };
    };
    const open = await running.start({ models });
    const { functions } = open;
    const [one, two] = [1, 2].map((version) =>
      functions.bind(alice, { function: "triage-mail", variant: "learned", versions: { "triage-mail": version } }),
    );
    const arms = [
      { binding: (await one!).hash, variant: "learned", role: "stable" as const, share: 0 },
      { binding: (await two!).hash, variant: "learned", role: "canary" as const, share: 1 },
    ];
    await running.store.sql.as(alice, (tx) => functions.setArms(tx, { function: "triage-mail", release: null, arms }));
    await expect.poll(async () => (await ask(open)).fallback, { timeout: 5000 }).toBe(true);
    expect(await ask(open)).toMatchObject({ binding: (await one!).hash, fallback: true });
  });

  test("an arm that cannot be loaded gets no traffic, and the node says why", async () => {
    const models = fakeModels();
    models.versions.set("triage-mail", [1, 2]);
    const load = models.load;
    models.load = async (context, reference) => {
      if (reference.version === 2) throw new Error("file is gone");
      await load(context, reference);
    };
    const open = await running.start({ models });
    const { functions } = open;
    const two = await functions.bind(alice, { function: "triage-mail", variant: "learned", versions: { "triage-mail": 2 } });
    await running.store.sql.as(alice, (tx) =>
      functions.setArms(tx, {
        function: "triage-mail",
        release: null,
        arms: [{ binding: two.hash, variant: "learned", role: "stable", share: 1 }],
      }),
    );
    await expect.poll(() => functions.unreadyReasons().join(), { timeout: 5000 }).toContain("file is gone");
    expect(await ask(open)).toMatchObject({ variant: "learned", output: { label: "spam" } });
    expect(functions.readyBindings()).not.toContain(two.hash);
  });

  test("another node follows within a second, and tells what it has loaded", async () => {
    const models = fakeModels();
    models.versions.set("triage-mail", [1, 2]);
    const open = await running.start({ models });
    const announced: string[][] = [];
    const other = await running.start({ models, node: "other", onReadyBindings: async (hashes) => void announced.push([...hashes]) });
    try {
      const two = await open.functions.bind(alice, { function: "triage-mail", variant: "learned", versions: { "triage-mail": 2 } });
      const arms = [{ binding: two.hash, variant: "learned", role: "stable" as const, share: 1 }];
      await running.store.sql.as(alice, (tx) => open.functions.setArms(tx, { function: "triage-mail", release: createId(), arms }));
      await expect.poll(async () => (await ask(other)).binding, { timeout: 5000 }).toBe(two.hash);
      expect(announced.at(-1)).toContain(two.hash);
      expect((await other.functions.arms(alice, "triage-mail")).arms).toEqual(arms);
    } finally {
      await other.close();
    }
  });

  test("plain code runs in the version this node loaded, whatever the arms were bound to, and evidence says so", async () => {
    const older = await running.start({ sourceHash: "older" });
    const before = await ask(older);
    await running.store.sql.as(alice, (tx) =>
      older.functions.setArms(tx, {
        function: "triage-mail",
        release: createId(),
        arms: [{ binding: before.binding, variant: "rules", role: "stable", share: 1 }],
      }),
    );
    await older.close();
    const open = await running.start({ sourceHash: "newer" });
    const after = await ask(open);
    expect(after.binding).not.toBe(before.binding);
    expect(await open.functions.binding(alice, after.binding)).toMatchObject({ resolved: { source: "newer" } });
    expect(open.functions.readyBindings()).toEqual(expect.arrayContaining([before.binding, after.binding]));
  });

  test("an arm whose variant this node's configuration lacks makes the node unready", async () => {
    const open = await running.start();
    const { hash } = await open.functions.bind(alice, { function: "triage-mail", variant: "rules" });
    await running.store.sql.as(alice, (tx) =>
      open.functions.setArms(tx, {
        function: "triage-mail",
        release: createId(),
        arms: [{ binding: hash, variant: "rules", role: "stable", share: 1 }],
      }),
    );
    const without = defineFunction({
      ...mailSheet,
      name: "triage-mail",
      variants: { plain: () => ({ label: "ham" as const, confidence: 1 }) },
      fallback: ["plain"],
    });
    const other = await running.start({ definitions: [without], node: "other" });
    expect(other.functions.unreadyReasons().join()).toContain('no rules variant "rules"');
    await other.close();
  });

  test("refuses arms that make no sense", async () => {
    const open = await running.start();
    const { functions } = open;
    const { hash: binding } = await functions.bind(alice, { function: "triage-mail", variant: "rules" });
    const set = (arms: { binding: string; variant: string; role: "stable" | "canary" | "shadow"; share: number }[]) =>
      running.store.sql.as(alice, (tx) => functions.setArms(tx, { function: "triage-mail", release: null, arms }));
    await expect(set([])).rejects.toMatchObject({ code: "conflict" });
    await expect(set([{ binding, variant: "rules", role: "stable", share: 0.5 }])).rejects.toMatchObject({ code: "conflict" });
    await expect(set([{ binding, variant: "rules", role: "shadow", share: 1 }])).rejects.toMatchObject({ code: "conflict" });
    await expect(set([{ binding: "0".repeat(64), variant: "rules", role: "stable", share: 1 }])).rejects.toMatchObject({
      code: "conflict",
    });
    await expect(
      running.store.sql.as(alice, async (tx) => functions.setArms(tx, { function: "other", release: null, arms: [] })),
    ).rejects.toMatchObject({ code: "unknown_function" });
  });
});
