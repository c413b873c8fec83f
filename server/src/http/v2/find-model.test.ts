import { expect, test } from "vitest";
import { createManualClock, systemContext } from "../../core/index.ts";
import type { Models } from "../../models/index.ts";
import { createModelFinder } from "./find-model.ts";

const context = systemContext("test");

/** Models whose champion a test moves; it counts how often they are asked. */
function openModels() {
  const state = { champion: undefined as number | undefined, asked: 0 };
  const clock = createManualClock(1000);
  const models = {
    async resolve(_context, { model }) {
      state.asked += 1;
      return state.champion === undefined ? null : { model, version: state.champion, hash: "" };
    },
    async getVersion(_context, model, version) {
      return { model, version, hash: `hash ${version}`, signature: { task: "regression" } } as Awaited<ReturnType<Models["getVersion"]>>;
    },
  } satisfies Pick<Models, "resolve" | "getVersion">;
  const find = createModelFinder(models, clock);
  return { state, clock, find: (version: number | null = null) => find(context, { name: "churn", version }) };
}

test("a champion is asked for once by those who come together, and again when it may have moved", async () => {
  const { state, clock, find } = openModels();
  state.champion = 1;
  const found = await Promise.all([find(), find(), find()]);
  expect(found.map(({ reference }) => reference)).toEqual([1, 2, 3].map(() => ({ model: "churn", version: 1, hash: "hash 1" })));
  state.champion = 2;
  clock.set(1399);
  expect((await find()).reference.version).toBe(1);
  expect(state.asked).toBe(1);
  clock.set(1400);
  expect((await find()).reference.version).toBe(2);
  clock.set(0);
  await find();
  expect(state.asked).toBe(3);
});

test("a version by its number asks for no champion", async () => {
  const { state, find } = openModels();
  expect((await find(7)).reference.hash).toBe("hash 7");
  expect(state.asked).toBe(0);
});

test("that there is no champion is not remembered", async () => {
  const { state, find } = openModels();
  await expect(find()).rejects.toMatchObject({ code: "unknown_model" });
  state.champion = 1;
  expect((await find()).reference.version).toBe(1);
});
