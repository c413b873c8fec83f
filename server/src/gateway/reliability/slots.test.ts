import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type NoSlot, type Release, Slots } from "./slots.ts";

const neverAborted = () => new AbortController().signal;
const patient = { most: 1, queue: 10, waitMs: 600_000 };

function held(taken: unknown): Release {
  expect(taken).toBeTypeOf("function");
  return taken as Release;
}

describe("slots", () => {
  test("are given to so many at once; then so many wait; then there is none", async () => {
    const slots = new Slots({ most: 2, queue: 1, waitMs: 600_000 });
    const first = held(slots.take(neverAborted));
    held(slots.take(neverAborted));
    const third = slots.take(neverAborted);
    expect(third).toBeInstanceOf(Promise);
    expect(slots.take(neverAborted)).toBe("full");
    first();
    held(await third);
    expect(slots).toMatchObject({ used: 2, waiting: 0 });
  });

  test("are given in the order of arrival, and to nobody in between", async () => {
    const slots = new Slots(patient);
    const order: number[] = [];
    let give = held(slots.take(neverAborted));
    const waiting = [1, 2, 3].map(async (index) => {
      const release = held(await slots.take(neverAborted));
      order.push(index);
      return release;
    });
    for (const each of waiting) {
      give();
      expect(slots.used).toBe(1);
      give = await each;
    }
    expect(order).toEqual([1, 2, 3]);
  });

  test("a second release gives nothing back", () => {
    const slots = new Slots({ ...patient, most: 2 });
    const release = held(slots.take(neverAborted));
    held(slots.take(neverAborted));
    release();
    release();
    expect(slots.used).toBe(1);
  });

  test("whoever goes away leaves the queue, and whoever was gone before does not enter it", async () => {
    const slots = new Slots(patient);
    const release = held(slots.take(neverAborted));
    const caller = new AbortController();
    const waiting = slots.take(() => caller.signal);
    expect(slots.waiting).toBe(1);
    caller.abort();
    expect(await waiting).toBe("gone");
    expect(slots.take(() => caller.signal)).toBe("gone");
    release();
    expect(slots).toMatchObject({ used: 0, waiting: 0 });
  });

  test("a wait ends after its time", async () => {
    const slots = new Slots({ ...patient, waitMs: 5 });
    held(slots.take(neverAborted));
    expect(await slots.take(neverAborted)).toBe("waited");
    expect(slots.waiting).toBe(0);
  });

  test("never more are out than there are, and all come back, whatever happens in whatever order", async () => {
    const step = fc.record({ what: fc.constantFrom("take", "release", "release twice", "leave"), which: fc.nat(30) });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.nat(4), fc.array(step, { maxLength: 60 }), async (most, queue, steps) => {
        const slots = new Slots({ most, queue, waitMs: 600_000 });
        const out = new Set<Release>();
        const callers: AbortController[] = [];
        const keep = (taken: Release | NoSlot) => void (typeof taken === "function" && out.add(taken));
        const giveBack = (release: Release, times: number) => {
          out.delete(release);
          for (let time = 0; time < times; time++) release();
        };
        for (const { what, which } of steps) {
          if (what === "take") {
            const caller = new AbortController();
            callers.push(caller);
            const taken = slots.take(() => caller.signal);
            if (taken instanceof Promise) void taken.then(keep);
            else keep(taken);
          } else if (what === "leave") callers[which % Math.max(1, callers.length)]?.abort();
          else if (out.size > 0) giveBack([...out][which % out.size]!, what === "release" ? 1 : 2);
          await Promise.resolve();
          await Promise.resolve();
          expect(slots.used).toBe(out.size);
          expect(slots.used).toBeLessThanOrEqual(most);
          expect(slots.waiting).toBeLessThanOrEqual(queue);
          // Nobody waits while there is room.
          expect(slots.waiting === 0 || slots.used === most).toBe(true);
        }
        for (const caller of callers) caller.abort();
        await Promise.resolve();
        await Promise.resolve();
        for (const release of out) giveBack(release, 1);
        expect(slots).toMatchObject({ used: 0, waiting: 0 });
      }),
      { numRuns: 60 },
    );
  });
});
