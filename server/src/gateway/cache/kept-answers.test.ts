import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type KeptAnswer, bytesOf, createKeptAnswers } from "./kept-answers.ts";

function keptOf(key: number, size: number): KeptAnswer {
  return {
    key: `k${key}`,
    projectId: `p${key % 3}`,
    from: "i",
    target: "one/m",
    answer: { id: "a", model: "m", content: [{ type: "text", text: "x".repeat(size) }], finish: "stop", usage: null },
    cost: null,
    pieces: null,
    keptAt: 0,
    place: key % 2 === 0 ? { group: `g${key % 5}`, vector: new Float32Array(8) } : null,
  };
}

test("never holds more than its bound, forgets what was used longest ago, and counts each project's", () => {
  const action = fc.record({ key: fc.nat(12), size: fc.nat(4000), kind: fc.constantFrom("put", "get", "drop", "clear") });
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), fc.integer({ min: 1000, max: 30_000 }), (actions, maxBytes) => {
      const kept = createKeptAnswers(maxBytes);
      // The plain rule, as a list: the one used last is last.
      let model: KeptAnswer[] = [];
      const total = (of: readonly KeptAnswer[]) => of.reduce((sum, each) => sum + bytesOf(each), 0);
      for (const { key, size, kind } of actions) {
        const found = model.find((each) => each.key === `k${key}`);
        const others = model.filter((each) => each !== found);
        if (kind === "put") {
          const each = keptOf(key, size);
          kept.put(each);
          model = bytesOf(each) > maxBytes ? others : [...others, each];
          while (total(model) > maxBytes) model.shift();
        } else if (kind === "get") {
          expect(kept.get(`k${key}`)).toBe(found);
          if (found !== undefined) model = [...others, found];
        } else if (kind === "drop") {
          kept.drop(`k${key}`);
          model = others;
        } else {
          const project = `p${key % 3}`;
          expect(kept.clear(project)).toBe(model.filter(({ projectId }) => projectId === project).length);
          model = model.filter(({ projectId }) => projectId !== project);
        }
        for (const project of ["p0", "p1", "p2"]) {
          const own = model.filter(({ projectId }) => projectId === project);
          expect(kept.sizeOf(project)).toEqual({ entries: own.length, bytes: total(own) });
        }
        for (let group = 0; group < 5; group++)
          expect(new Set(kept.inGroup(`g${group}`))).toEqual(new Set(model.filter(({ place }) => place?.group === `g${group}`)));
      }
    }),
  );
});
