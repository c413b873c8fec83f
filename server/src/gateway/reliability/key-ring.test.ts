import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createManualClock, createRandom } from "../../core/index.ts";
import { rankByRendezvous } from "../routing/rendezvous.ts";
import { ByName } from "./by-name.ts";
import { KeyRing, keyVerdict } from "./key-ring.ts";

function openRing(size: number, seed = 1) {
  const clock = createManualClock(1_000_000);
  return { clock, ring: new KeyRing(size, { clock, random: createRandom(seed) }) };
}

const anyKey = { order: null, without: new Set<number>(), isOpen: () => false };
const ofSession = (session: string) => ({ ...anyKey, order: (places: readonly number[]) => rankByRendezvous(session, places) });

describe("a ring of keys", () => {
  test("gives the less loaded of two, so that load is nearly even", () => {
    const { ring } = openRing(5);
    for (let call = 0; call < 1000; call++) ring.begin(ring.choose(anyKey)!);
    const loads = [1, 2, 3, 4, 5].map((place) => ring.load(place));
    expect(loads.reduce((sum, load) => sum + load)).toBe(1000);
    expect(Math.max(...loads) - Math.min(...loads)).toBeLessThan(10);
  });

  test("of two always gives the one that has less to do", () => {
    const { ring } = openRing(2);
    const busy = ring.begin(1);
    for (let call = 0; call < 20; call++) expect(ring.choose(anyKey)).toBe(2);
    ring.begin(2);
    ring.begin(2);
    for (let call = 0; call < 20; call++) expect(ring.choose(anyKey)).toBe(1);
    busy();
    busy();
    expect(ring.load(1)).toBe(0);
  });

  test("leaves a refused key alone for five minutes, and a limited one for as long as its provider asks, an hour at most", () => {
    const { clock, ring } = openRing(2);
    ring.rest(1, "refused");
    expect(ring.choose(anyKey)).toBe(2);
    ring.rest(2, "limited", 2000);
    expect(ring.choose(anyKey)).toBeUndefined();
    expect(ring.waitMs).toBe(2000);
    clock.advance(2000);
    expect(ring.choose(anyKey)).toBe(2);
    ring.rest(2, "limited", 1e12);
    clock.advance(298_000);
    expect(ring.choose(anyKey)).toBe(1);
    expect(ring.isIdle).toBe(false);
    clock.advance(3_600_000);
    expect(ring.isIdle).toBe(true);
  });

  test("passes over keys that turned the call away, and those whose circuit is open", () => {
    const { ring } = openRing(3);
    for (let call = 0; call < 20; call++) expect(ring.choose({ ...anyKey, without: new Set([1]), isOpen: (place) => place === 3 })).toBe(2);
    expect(ring.choose({ ...anyKey, without: new Set([1, 2, 3]) })).toBeUndefined();
  });

  test("gives a session its own key while it is healthy, and again after it was away; others stay where they are", () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 2, max: 8 }), fc.integer({ min: 1, max: 8 }), (session, size, away) => {
        const { clock, ring } = openRing(size);
        const own = ring.choose(ofSession(session))!;
        ring.begin(own);
        ring.begin(own);
        expect(ring.choose(ofSession(session))).toBe(own);
        const resting = ((away - 1) % size) + 1;
        ring.rest(resting, "limited", 5000);
        const meanwhile = ring.choose(ofSession(session));
        if (resting === own) expect(meanwhile).not.toBe(own);
        else expect(meanwhile).toBe(own);
        clock.advance(5000);
        expect(ring.choose(ofSession(session))).toBe(own);
      }),
    );
  });

  test("spreads sessions evenly, and by weight", () => {
    const counts = new Map<number, number>();
    for (let session = 0; session < 4000; session++) {
      const [first] = rankByRendezvous(`session ${session}`, [1, 2, 3], (place) => (place === 3 ? 2 : 1));
      counts.set(first!, (counts.get(first!) ?? 0) + 1);
    }
    // A quarter, a quarter and a half, five standard deviations aside.
    expect(Math.abs(counts.get(1)! - 1000)).toBeLessThan(140);
    expect(Math.abs(counts.get(3)! - 2000)).toBeLessThan(160);
  });

  test.each([
    [401, "refused"],
    [403, "refused"],
    [429, "limited"],
    [500, null],
    [400, null],
    [undefined, null],
  ])("status %s says of the key: %s", (status, verdict) => {
    expect(keyVerdict(status)).toBe(verdict);
  });
});

test("what is kept by name is bounded, and what is in use is not let go", () => {
  const kept = new ByName<{ busy: boolean }>(({ busy }) => !busy);
  const first = kept.of("first", () => ({ busy: true }));
  for (let index = 0; index < 5000; index++) kept.of(`model ${index}`, () => ({ busy: false }));
  expect(kept.size).toBeLessThanOrEqual(2000);
  expect(kept.of("first", () => ({ busy: false }))).toBe(first);
});
