import fc from "fast-check";
import { expect, test } from "vitest";
import { ChunkQueue } from "./chunk-queue.ts";

function open() {
  const calls: string[] = [];
  const note = (name: string) => () => void calls.push(name);
  return { queue: new ChunkQueue({ pause: note("pause"), resume: note("resume"), leave: note("leave") }), calls };
}

/** There is one reader, who asks again once he has been answered. */
async function waits(taken: Promise<unknown> | undefined): Promise<boolean> {
  return taken !== undefined && (await Promise.race([taken, Promise.resolve("waits")])) === "waits";
}

test("every byte comes once and in order, however it is brought and taken", async () => {
  const step = fc.oneof(fc.uint8Array({ maxLength: 20 }), fc.constant("take" as const));
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const { queue } = open();
      const taken: Promise<IteratorResult<Uint8Array>>[] = [];
      for (const each of steps) {
        if (each !== "take") queue.push(each);
        else if (!(await waits(taken.at(-1)))) taken.push(queue.next());
      }
      queue.finish();
      const got = (await Promise.all(taken)).flatMap(({ value }) => [...((value as Uint8Array | undefined) ?? [])]);
      for await (const chunk of queue) got.push(...chunk);
      expect(got).toEqual(steps.flatMap((each) => (each === "take" ? [] : [...each])));
    }),
  );
});

test("what lies there is taken at once, and a full queue then goes on", async () => {
  const { queue, calls } = open();
  for (let index = 0; index < 3; index++) queue.push(new Uint8Array(30_000).fill(index));
  expect(calls).toEqual(["pause"]);
  expect((await queue.next()).value).toHaveLength(90_000);
  expect(calls).toEqual(["pause", "resume"]);
});

test("what came before an error is read before it", async () => {
  const { queue, calls } = open();
  queue.push(new Uint8Array([1]));
  queue.push(new Uint8Array([2]));
  queue.fail(new Error("reset"));
  expect([...(await queue.next()).value]).toEqual([1, 2]);
  await expect(queue.next()).rejects.toThrow("reset");
  expect(calls).toEqual([]);
});

test("a reader that leaves is told to the connection, and nothing is held for him", async () => {
  const { queue, calls } = open();
  queue.push(new Uint8Array([1]));
  for await (const _ of queue) break;
  queue.push(new Uint8Array([2]));
  expect(calls).toEqual(["leave"]);
  expect(await queue.next()).toEqual({ done: true, value: undefined });
});
