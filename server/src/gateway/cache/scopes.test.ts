import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ScriptedUpstream, startScriptedUpstream } from "../../../test/scripted-upstream.ts";
import type { CallOrigin } from "../stage.ts";
import { callOf, createTestClock, hear, noteOf, openTestCache } from "./test-cache.ts";

let upstream: ScriptedUpstream;
beforeAll(async () => void (upstream = await startScriptedUpstream()));
afterAll(() => upstream.close());

/** Two projects, each with two who may do the same and one who may do less. */
const people = ["p", "q"].flatMap((projectId) =>
  [
    ["ada", "wide"],
    ["bob", "wide"],
    ["carl", "narrow"],
  ].map(([principalId, rights]) => ({ projectId, principalId: principalId!, rights: rights! })),
);

test("whatever is asked in whatever order and at once, nobody is told what was answered to one he has nothing in common with", async () => {
  const seen = new Set<unknown>();
  const asked = fc.record({
    who: fc.nat(people.length - 1),
    question: fc.nat(3),
    stream: fc.boolean(),
    waits: fc.boolean(),
    cacheControl: fc.constantFrom(undefined, undefined, "no-cache"),
  });
  await fc.assert(
    fc.asyncProperty(fc.constantFrom("principal", "rights"), fc.array(asked, { minLength: 20, maxLength: 40 }), async (scope, all) => {
      const cache = {
        exact: { models: "all", scope, maxGapMs: 0 },
        semantic: { models: "all", precision: 0.5, confidence: 0.5, verifyShare: 0.01 },
      };
      const gateway = openTestCache(upstream, { clock: createTestClock(), cache });
      const origins = new Map<string, CallOrigin>();
      const under: Promise<void>[] = [];
      for (const { who, question, stream, waits, cacheControl } of all) {
        const control = cacheControl === undefined ? {} : { cacheControl };
        const call = callOf(gateway, { text: `What is in account ${question}?`, stream, origin: people[who]!, ...control });
        origins.set(call.inferenceId, call.origin);
        const told = gateway.call(call).then(async (reply) => {
          const note = noteOf(await hear(reply));
          seen.add(note["kind"]);
          if (note["from"] === undefined) return;
          const from = origins.get(note["from"] as string)!;
          expect(from.projectId).toBe(call.origin.projectId);
          if (scope === "principal") expect(from.principalId).toBe(call.origin.principalId);
          else expect(from.rights).toBe(call.origin.rights);
        });
        under.push(told);
        if (waits) await told;
      }
      await Promise.all(under);
    }),
    { numRuns: 20 },
  );
  // It is of worth only where answers were told in every way.
  expect([...seen].toSorted()).toEqual(["exact", "miss", "semantic", "shared"]);
});
