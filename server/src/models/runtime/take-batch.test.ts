import fc from "fast-check";
import { expect, test } from "vitest";
import { type Waiting, takeBatch } from "./take-batch.ts";

const bounds = { rows: 32, characters: 65_536 };

function waiting(hash: string, characters: number): Waiting {
  return { hash, characters };
}

test("takes what waits for the same model, in order, and leaves the others", () => {
  const queue = [waiting("a", 10), waiting("b", 10), waiting("a", 20)];
  expect(takeBatch(queue, bounds)).toEqual([waiting("a", 10), waiting("a", 20)]);
  expect(queue).toEqual([waiting("b", 10)]);
});

test("does not pad many short texts to one long one", () => {
  const queue = [waiting("a", 8000), ...Array.from({ length: 20 }, () => waiting("a", 50))];
  expect(takeBatch(queue, bounds).length).toBeLessThan(4);
  expect(takeBatch(queue, bounds).length).toBeGreaterThan(15);
});

test("a text beyond the bound goes alone", () => {
  const queue = [waiting("a", 300_000), waiting("a", 300_000)];
  expect(takeBatch(queue, bounds)).toHaveLength(1);
});

test("nothing is lost, doubled or kept waiting forever", () => {
  const request = fc.record({ hash: fc.constantFrom("a", "b", "c"), characters: fc.nat(9000) });
  fc.assert(
    fc.property(fc.array(request, { maxLength: 80 }), (requests) => {
      const queue = [...requests];
      const seen: Waiting[] = [];
      while (queue.length > 0) {
        const head = queue[0]!;
        const batch = takeBatch(queue, bounds);
        expect(batch[0]).toBe(head);
        expect(batch.length).toBeLessThanOrEqual(bounds.rows);
        expect(new Set(batch.map((each) => each.hash)).size).toBe(1);
        seen.push(...batch);
      }
      expect(new Set(seen).size).toBe(requests.length);
      expect(seen).toHaveLength(requests.length);
    }),
  );
  expect(takeBatch([], bounds)).toEqual([]);
});
