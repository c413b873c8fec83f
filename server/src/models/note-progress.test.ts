import { expect, test } from "vitest";
import { noteProgress, readProgress } from "./note-progress.ts";
import type { RunProgress } from "./types.ts";

function at(fraction: number): RunProgress {
  return { stage: "epochs", fraction };
}

test("one write at a time, always the newest, and none after the end", async () => {
  const written: number[] = [];
  let finish = Promise.withResolvers<void>();
  const notes = noteProgress(
    async ({ fraction }) => {
      written.push(fraction);
      await finish.promise;
    },
    { onError: () => expect.unreachable(), pauseMs: 0 },
  );
  for (const fraction of [0, 0.1, 0.2, 0.3]) notes.note(at(fraction));
  expect(written).toEqual([0]);
  const first = finish;
  finish = Promise.withResolvers<void>();
  first.resolve();
  await expect.poll(() => written).toEqual([0, 0.3]);
  notes.note(at(0.4));
  let ended = false;
  const end = notes.end().finally(() => (ended = true));
  expect(ended).toBe(false);
  finish.resolve();
  await end;
  notes.note(at(0.5));
  expect(written).toEqual([0, 0.3]);
});

test("a write that fails is told, and the next one is tried", async () => {
  const errors: string[] = [];
  let tried = 0;
  const notes = noteProgress(() => (++tried === 1 ? Promise.reject(new Error("no database")) : Promise.resolve()), {
    onError: (error) => errors.push(String(error)),
    pauseMs: 0,
  });
  notes.note(at(0));
  await expect.poll(() => errors).toEqual(["Error: no database"]);
  notes.note(at(0.5));
  await expect.poll(() => tried).toBe(2);
  await notes.end();
});

test.each([
  undefined,
  null,
  1,
  {},
  { stage: "x" },
  { stage: "x", fraction: 1.1 },
  { stage: 1, fraction: 0 },
  { stage: "x", fraction: Number.NaN },
])("what a task says that is no progress is passed over: %j", (said) => {
  expect(readProgress(said)).toBeNull();
});
