import { afterEach, describe, expect, test } from "vitest";
import { alice, ask, fakeModels, principalWith, type TestFunctions, useFunctions } from "../../test/functions.ts";
import { createId } from "../core/index.ts";
import type { ModelsPort } from "./types.ts";

const running = useFunctions();
const bob = { projectId: "01890000-0000-7000-8000-00000000000b", principalId: "key:bob:00000000000b", principalName: "bob" };

afterEach(async () => {
  await running.store.sql.owner.query("delete from core_projects where id = $1", [bob.projectId]);
});

async function createProject(): Promise<void> {
  await running.store.sql.owner.query("insert into core_projects (id, name) values ($1, 'other')", [bob.projectId]);
}

/** Models of which each project has its own: the first project one version, the other none until it is told so. */
function modelsByProject(): { models: ModelsPort; give(version: number): void } {
  const [mine, theirs] = [fakeModels(), fakeModels()];
  mine.versions.set("triage-mail", [1]);
  const of = (projectId: string) => (projectId === bob.projectId ? theirs : mine);
  return {
    models: {
      resolve: (context, query) => of(context.projectId).resolve(context, query),
      load: (context, reference) => of(context.projectId).load(context, reference),
      predict: (context, ...rest) => of(context.projectId).predict(context, ...rest),
    },
    give: (version) => void theirs.versions.set("triage-mail", [version]),
  };
}

/** Both projects serve: ours the model, theirs the rules, which is all they have. */
async function startBoth(): Promise<{ open: TestFunctions; give(version: number): void }> {
  const { models, give } = modelsByProject();
  const open = await running.start({ models });
  await createProject();
  await expect
    .poll(() => ask(open, { caller: bob }).catch(() => null), { timeout: 10_000 })
    .toMatchObject({ variant: "rules", fallback: false });
  return { open, give };
}

async function release(open: TestFunctions, caller: typeof bob, variant: string): Promise<string> {
  const binding = await open.functions.bind(caller, { function: "triage-mail", variant });
  const arms = [{ binding: binding.hash, variant, role: "stable" as const, share: 1 }];
  await running.store.sql.as(caller, (tx) => open.functions.setArms(tx, { function: "triage-mail", release: createId(), arms }));
  return binding.hash;
}

describe("two projects on one node", () => {
  test("each has its own first start, the new one while the node runs", async () => {
    const { open, give } = await startBoth();
    expect(await ask(open)).toMatchObject({ variant: "learned", fallback: false });
    expect(await ask(open, { caller: bob })).toMatchObject({ variant: "rules", fallback: false });
    expect((await open.functions.arms(bob, "triage-mail")).arms).toMatchObject([{ variant: "rules", role: "stable", share: 1 }]);
    expect((await open.governance.auditLog.list(bob, { limit: 10 })).items).toMatchObject([
      { action: "functions.bind-first", object: "function:triage-mail", actor: "system:functions" },
    ]);
    give(7);
    await expect.poll(async () => (await ask(open, { caller: bob })).variant, { timeout: 10_000 }).toBe("learned");
    expect((await open.functions.get(bob, "triage-mail")).variants[0]).toMatchObject({ resolved: { version: 7 }, ready: true });
    expect((await open.functions.get(alice, "triage-mail")).variants[0]).toMatchObject({ resolved: { version: 1 }, ready: true });
  });

  test("one whose models cannot be asked keeps the other from nothing", async () => {
    const { models, give } = modelsByProject();
    let isBroken = false;
    const resolve: ModelsPort["resolve"] = async (context, query) => {
      if (context.projectId === bob.projectId) return models.resolve(context, query);
      if (isBroken) throw new Error("broken");
      return null;
    };
    const open = await running.start({ models: { ...models, resolve } });
    await createProject();
    await expect.poll(() => ask(open, { caller: bob }).catch(() => null), { timeout: 10_000 }).toMatchObject({ variant: "rules" });
    isBroken = true;
    give(7);
    await expect.poll(async () => (await ask(open, { caller: bob })).variant, { timeout: 10_000 }).toBe("learned");
  });

  test("a release in one does not move the other's traffic", async () => {
    const { open, give } = await startBoth();
    const before = await ask(open, { caller: bob });
    const rules = await release(open, alice, "rules");
    await expect.poll(async () => (await ask(open)).binding, { timeout: 10_000 }).toBe(rules);
    expect(await open.functions.arms(bob, "triage-mail")).toMatchObject({ release: null });
    give(3);
    const learned = await release(open, bob, "learned");
    await expect.poll(async () => (await ask(open, { caller: bob })).binding, { timeout: 10_000 }).toBe(learned);
    expect((await ask(open)).binding).toBe(rules);
    expect(before.binding).toBe(rules);
    expect(await open.functions.binding(alice, learned)).toBeNull();
  });

  test("and after a restart both serve what they served", async () => {
    const { open, give } = await startBoth();
    give(3);
    const learned = await release(open, bob, "learned");
    await release(open, alice, "rules");
    await open.close();
    const again = modelsByProject();
    again.give(3);
    const reopened = await running.start({ models: again.models });
    expect(await ask(reopened, { caller: bob })).toMatchObject({ variant: "learned", binding: learned });
    expect(await ask(reopened)).toMatchObject({ variant: "rules" });
  });

  test("evidence is stored under the project that asked, and the other sees none of it", async () => {
    const { open } = await startBoth();
    const ours = await ask(open);
    const theirs = await ask(open, { caller: bob });
    await open.stored();
    expect(await open.functions.getInference(bob, theirs.inferenceId)).toMatchObject({ id: theirs.inferenceId, variant: "rules" });
    await expect(open.functions.getInference(alice, theirs.inferenceId)).rejects.toMatchObject({ code: "unknown_inference" });
    await expect(open.functions.getInference(bob, ours.inferenceId)).rejects.toMatchObject({ code: "unknown_inference" });
    expect((await open.functions.listInferences(alice, { limit: 100 })).items.map((item) => item.id)).toEqual([ours.inferenceId]);
    // Whatever a query asks for: the policies under it hide the rest.
    for (const table of ["functions_inferences", "functions_inference_bodies", "functions_arms", "functions_bindings"]) {
      const { rows } = await running.store.sql.as(alice, (tx) =>
        tx.client.query<{ project_id: string }>(`select distinct project_id from ${table}`),
      );
      expect(rows).toEqual([{ project_id: alice.projectId }]);
    }
    const kept = await running.store.sql.as(bob, (tx) =>
      tx.client.query("select 1 from functions_bindings where hash = $1", [theirs.binding]),
    );
    expect(kept.rowCount).toBe(1);
  });

  test("a switch of one leaves the other on", async () => {
    const { open } = await startBoth();
    await open.governance.switches.set({ ...bob, principalId: "system:test" }, "triage-mail", { off: true, reason: "test" });
    expect(() => open.functions.admit(principalWith(["functions.infer"], { projectId: bob.projectId }), "triage-mail")).toThrow(
      expect.objectContaining({ code: "function_switched_off" }) as Error,
    );
    expect(open.functions.admit(principalWith(["functions.infer"]), "triage-mail").name).toBe("triage-mail");
    expect((await open.functions.list(bob))[0]!.off).toBe(true);
    expect((await open.functions.list(alice))[0]!.off).toBe(false);
  });
});
