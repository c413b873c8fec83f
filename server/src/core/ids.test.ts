import { describe, expect, test } from "vitest";
import { createManualClock, systemClock } from "./clock.ts";
import { createId, derivedId, idBound, idTime, isId } from "./ids.ts";

/** Each test's clock starts after the one before, and none so late that what runs in this process afterwards is of another day. */
let hours = 0;
const startClock = () => createManualClock(systemClock.now() + ++hours * 3_600_000);

describe("ids", () => {
  test("are version 7 UUIDs that carry their time and only ever increase", () => {
    const clock = startClock();
    const ids = Array.from({ length: 10_000 }, () => createId(clock));
    expect(ids.every(isId)).toBe(true);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.toSorted()).toEqual(ids);
    expect(ids[0]![14]).toBe("7");
    expect(idTime(ids[0]!)).toBe(clock.now());
  });

  test("keep increasing when the clock steps back an hour", () => {
    const clock = startClock();
    const before = createId(clock);
    clock.advance(-3_600_000);
    expect(createId(clock) > before).toBe(true);
  });

  test("sort after the bound of their own millisecond and before the next", () => {
    const clock = startClock();
    const time = clock.now();
    const id = createId(clock);
    expect(id >= idBound(time)).toBe(true);
    expect(id < idBound(time + 1)).toBe(true);
  });

  test("derived ids are the same for the same parts and differ when parts move", () => {
    expect(derivedId("a", "b")).toBe(derivedId("a", "b"));
    expect(derivedId("a", "b")).not.toBe(derivedId("ab"));
    expect(isId(derivedId("a"))).toBe(true);
  });
});
