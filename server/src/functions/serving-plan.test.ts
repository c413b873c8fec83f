import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { triageMail } from "../../test/functions.ts";
import { createBinding } from "./bindings.ts";
import { chooseArm, planServing } from "./serving-plan.ts";
import type { Arm, Variant } from "./types.ts";

const definition = triageMail();

function variant(name: string, version: number): Variant {
  return {
    binding: createBinding("triage-mail", name, "model", { label: `${name}@${version}`, resolved: { version } }),
    run: () => undefined,
  };
}

const one = variant("learned", 1);
const two = variant("learned", 2);
const plain = variant("rules", 1);
const arm = (of: Variant, role: Arm["role"], share: number): Arm => ({
  binding: of.binding.hash,
  variant: of.binding.variant,
  role,
  share,
});

function plan(arms: Arm[], opened: Variant[], previous?: ReturnType<typeof planServing>) {
  return planServing({
    definition,
    arms: { function: "triage-mail", release: null, arms },
    opened: new Map(opened.map((each) => [each.binding.hash, each])),
    defaults: new Map([["rules", plain]]),
    previous,
  });
}

describe("planServing", () => {
  test("asks the stable variant, then those after it in the chain", () => {
    expect(plan([arm(one, "stable", 1)], [one]).stable.chain.map((each) => each.variant)).toEqual([one, plain]);
    expect(plan([arm(plain, "stable", 1)], [plain]).stable.chain.map((each) => each.name)).toEqual(["rules"]);
  });

  test("a canary falls back to the stable binding first", () => {
    const { canaries } = plan([arm(one, "stable", 0.9), arm(two, "canary", 0.1)], [one, two]);
    expect(canaries[0]!.arm.chain.map((each) => each.variant)).toEqual([two, one, plain]);
  });

  test("an arm that is not loaded gets nothing: the share of a canary is the stable one's, a new stable one waits", () => {
    expect(plan([arm(one, "stable", 0.9), arm(two, "canary", 0.1)], [one]).canaries).toEqual([]);
    const before = plan([arm(one, "stable", 1)], [one]);
    expect(plan([arm(two, "stable", 1)], [one], before)).toBe(before);
    expect(plan([arm(two, "stable", 1)], [], undefined).stable.chain.map((each) => each.variant)).toEqual([null, plain]);
  });

  test("what never changes in a record is JSON", () => {
    const { stable } = plan([arm(one, "stable", 1)], [one]);
    expect(JSON.parse(`{${stable.chain[0]!.recordHead}}`)).toEqual({
      function: "triage-mail",
      variant: "learned",
      binding: one.binding.hash,
      arm: "stable",
      release: null,
    });
    expect(JSON.parse(`{${stable.chain[0]!.producedHead}}`)).toEqual({ binding: { label: "learned@1", version: 1 }, release: null });
  });

  test("property: every arm gets its share, to within two requests of any stretch", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        fc.integer({ min: 0, max: 100_000 }),
        fc.integer({ min: 1, max: 2000 }),
        (share, start, length) => {
          const shared = plan([arm(one, "stable", 1 - share), arm(two, "canary", share)], [one, two]);
          let seen = 0;
          for (let count = start; count < start + length; count++) if (chooseArm(shared, count).role === "canary") seen++;
          expect(Math.abs(seen - share * length)).toBeLessThanOrEqual(8);
        },
      ),
      { numRuns: 200 },
    );
  });
});
