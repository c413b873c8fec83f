import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createNotes, newContext, readNotes, writeNote } from "../../../test/notes.ts";
import { type TestStore, createTestStore } from "../../../test/store.ts";
import { type AppError, type Context, createId } from "../../core/index.ts";
import type { Tx } from "../types.ts";

let store: TestStore;
beforeAll(async () => {
  store = await createTestStore();
  await createNotes(store.sql);
});
afterAll(() => store.close());

function insert(tx: Tx, context: Context, body: string): Promise<unknown> {
  return tx.client.query("insert into notes values ($1, $2, $3)", [context.projectId, createId(), body]);
}

describe("a transaction", () => {
  test("is rolled back when its callback fails, and the session goes on", async () => {
    const alice = newContext("alice");
    const failing = store.sql.as(alice, async (tx) => {
      await insert(tx, alice, "lost");
      throw new Error("changed my mind");
    });
    await expect(failing).rejects.toThrow("changed my mind");
    await expect(store.sql.as(alice, (tx) => tx.client.query("select 1/0"))).rejects.toMatchObject({ code: "22012" });
    expect(await readNotes(store.sql, alice)).toEqual([]);
  });

  test("whose failed statement was swallowed says that nothing was committed", async () => {
    const alice = newContext("alice");
    const swallowing = store.sql.as(alice, async (tx) => {
      await insert(tx, alice, "lost");
      await tx.client.query("select 1/0").catch(() => {});
    });
    await expect(swallowing).rejects.toThrow(/nothing was committed/);
    expect(await readNotes(store.sql, alice)).toEqual([]);
  });

  test("held too long is rolled back; its callback reaches nothing afterwards", async () => {
    const alice = newContext("alice");
    let late = "";
    const slow = store.sql.as(alice, async (tx) => {
      await insert(tx, alice, "slow");
      await new Promise((resolve) => setTimeout(resolve, 2300));
      await insert(tx, alice, "after the end").catch((error: AppError) => (late = error.code));
    });
    await expect(slow).rejects.toMatchObject({ code: "transaction_too_long" });
    await expect.poll(() => late).toBe("transaction_too_long");
    const kept = store.sql.as(alice, (tx) => Promise.resolve(tx));
    await expect((await kept).client.query("select 1")).rejects.toMatchObject({ code: "transaction_too_long" });
    expect(await readNotes(store.sql, alice)).toEqual([]);
  });

  test("inside a transaction is named at once instead of waiting for itself", async () => {
    const alice = newContext("alice");
    const inner = [
      () => store.sql.as(alice, async () => {}),
      () => store.sql.system("drain", async () => {}),
      () => store.sql.owner.query("select 1"),
      () => store.sql.owner.pool.query("select 1"),
      () => store.sql.owner.pool.connect(),
      () => store.sql.health(),
      () => store.hotState.refresh(),
    ];
    for (const each of inner) {
      await expect(store.sql.as(alice, async () => void (await each()))).rejects.toMatchObject({ code: "nested_transaction" });
      await expect(store.sql.system("drain", async () => void (await each()))).rejects.toMatchObject({ code: "nested_transaction" });
    }
    const tx = store.sql.as(alice, (open) => open.db.transaction().execute(async () => {}));
    await expect(tx).rejects.toMatchObject({ code: "nested_transaction" });
  });

  test("started by a timer that a transaction's callback left behind is not inside it", async () => {
    const alice = newContext("alice");
    const later = await store.sql.as(alice, async () => ({
      promise: new Promise((resolve) => setTimeout(resolve, 50)).then(() => readNotes(store.sql, alice)),
    }));
    expect(await later.promise).toEqual([]);
  });

  test("sixteen at once: no result crosses", async () => {
    const contexts = Array.from({ length: 16 }, (_, worker) => newContext(`worker ${worker}`));
    await Promise.all(
      contexts.map(async (context, worker) => {
        for (let round = 0; round < 15; round++) {
          const mine = `${worker}:${round}`;
          const seen = await store.sql
            .as(context, async (tx) => {
              const first = await tx.client.query<{ v: string; p: string }>("select $1::text as v, storage_principal() as p", [mine]);
              await insert(tx, context, mine);
              const both = await Promise.all([
                tx.client.query<{ v: string }>("select $1::text as v", [`${mine}!`]),
                tx.client.query<{ n: string }>("select count(*) as n from notes"),
              ]);
              if (round % 5 === 4) throw new Error(`rolled back ${mine}`);
              return [first.rows[0]!.v, first.rows[0]!.p, both[0].rows[0]!.v, both[1].rows[0]!.n];
            })
            .catch((error: Error) => error.message);
          const committed = round - Math.floor(round / 5) + 1;
          expect(seen).toEqual(round % 5 === 4 ? `rolled back ${mine}` : [mine, context.principalId, `${mine}!`, String(committed)]);
        }
        expect(await readNotes(store.sql, context)).toHaveLength(12);
      }),
    );
  });

  test("does not lose what others wrote at the same time", async () => {
    const alice = newContext("alice");
    await Promise.all(Array.from({ length: 40 }, (_, index) => writeNote(store.sql, alice, String(index))));
    expect(await readNotes(store.sql, alice)).toHaveLength(40);
  });
});
