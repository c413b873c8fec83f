import { afterAll, beforeAll, expect, test } from "vitest";
import { createNotes } from "../../../test/notes.ts";
import { type TestStore, createTestStore } from "../../../test/store.ts";
import { defaultProjectId } from "../../core/index.ts";
import { maintain } from "./maintenance.ts";

let store: TestStore;
beforeAll(async () => {
  store = await createTestStore();
  await createNotes(store.sql);
});
afterAll(() => store.close());

function change(text: string): Promise<unknown> {
  return store.sql.system("maintenance", (tx) => tx.client.query(text, [defaultProjectId]));
}

test("vacuums and analyzes what changed, one statement at a time, then rests", async ({ skip }) => {
  if (store.kind === "postgres") {
    expect(await maintain(store.sql)).toEqual([]);
    return skip("autovacuum does it on PostgreSQL");
  }
  await change("insert into notes select $1, gen_random_uuid(), 'x' from generate_series(1, 3000)");
  await change("delete from notes where project_id = $1 and id < '80000000-0000-0000-0000-000000000000'");
  // The statistics collector writes at most once a second.
  await expect
    .poll(async () => (await maintain(store.sql)).map((slice) => slice.statement), { timeout: 20_000 })
    .toEqual(expect.arrayContaining(["vacuum (parallel 0, truncate false) public.notes", "analyze public.notes", "checkpoint"]));
  const { rows } = await store.sql.owner.query<{ dead: string; sampled: string }>(
    "select n_dead_tup as dead, (select reltuples from pg_class where relname = 'notes')::text as sampled from pg_stat_user_tables where relname = 'notes'",
  );
  expect(rows[0]!.dead).toBe("0");
  expect(Number(rows[0]!.sampled)).toBeGreaterThan(1000);
});

test("others have their turn between two slices", async ({ skip }) => {
  if (store.kind === "postgres") return skip("autovacuum does it on PostgreSQL");
  await change("insert into notes select $1, gen_random_uuid(), 'y' from generate_series(1, 3000)");
  const order: string[] = [];
  await expect
    .poll(
      async () => {
        order.length = 0;
        const maintaining = maintain(store.sql).then((slices) => (order.push("maintained"), slices.length));
        const reading = store.sql.owner.query("select 1").then(() => order.push("read"));
        const slices = await maintaining;
        await reading;
        return slices > 1 && order[0] === "read";
      },
      { timeout: 20_000 },
    )
    .toBe(true);
});
