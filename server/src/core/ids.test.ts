import { describe, expect, test } from "vitest";
import { createManualClock } from "./clock.ts";
import { createId, derivedId, idBound, idTime, isId } from "./ids.ts";

describe("ids", () => {
  test("are version 7 UUIDs that carry their time and only ever increase", () => {
    const clock = createManualClock(Date.UTC(2100, 0, 1));
    const ids = Array.from({ length: 10_000 }, () => createId(clock));
    expect(ids.every(isId)).toBe(true);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.toSorted()).toEqual(ids);
    expect(ids[0]![14]).toBe("7");
    expect(idTime(ids[0]!)).toBe(clock.now());
  });

  test("keep increasing when the clock steps back an hour", () => {
    const clock = createManualClock(Date.UTC(2100, 1, 1));
    const before = createId(clock);
    clock.advance(-3_600_000);
    expect(createId(clock) > before).toBe(true);
  });

  test("come back with a clock that was years ahead", () => {
    const clock = createManualClock(Date.UTC(2100, 1, 2));
    createId(clock);
    clock.set(Date.UTC(2026, 0, 1));
    const ids = [createId(clock), createId(clock)];
    expect(ids.map(idTime)).toEqual([clock.now(), clock.now()]);
    expect(ids[1]! > ids[0]!).toBe(true);
  });

  test("sort after the bound of their own millisecond and before the next", () => {
    const time = Date.UTC(2100, 2, 1);
    const id = createId(createManualClock(time));
    expect(id >= idBound(time)).toBe(true);
    expect(id < idBound(time + 1)).toBe(true);
  });

  test("derived ids are the same for the same parts and differ when parts move", () => {
    expect(derivedId("a", "b")).toBe(derivedId("a", "b"));
    expect(derivedId("a", "b")).not.toBe(derivedId("ab"));
    expect(isId(derivedId("a"))).toBe(true);
  });
});
