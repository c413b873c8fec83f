import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ArmFigures, findHarm, findShadowHarm } from "./guard.ts";

const fine: ArmFigures = { requests: 270, failures: 0, fallbacks: 0, p95Ms: 8, labelled: 100, right: 95 };

describe("the guard of a canary", () => {
  test("lets go on what does as well, and what has done nothing yet", () => {
    expect(findHarm({ ...fine, requests: 30, labelled: 10, right: 9 }, fine, 50)).toBeNull();
    expect(findHarm({ requests: 0, failures: 0, fallbacks: 0, p95Ms: null, labelled: 0, right: 0 }, fine, 50)).toBeNull();
  });

  test("sends back what fails, falls back, is wrong or is slow, and says so", () => {
    const canary = { ...fine, requests: 30, labelled: 30, right: 28 };
    expect(findHarm({ ...canary, failures: 12 }, fine, 50)).toMatch(/fails more often: 40\.0% of 30 against 0\.0% of 270/);
    expect(findHarm({ ...canary, fallbacks: 30 }, fine, 50)).toMatch(/falls back more often/);
    expect(findHarm({ ...canary, right: 15 }, fine, 50)).toMatch(/right less often/);
    expect(findHarm({ ...canary, p95Ms: 80 }, fine, 50)).toMatch(/too slow.*80 ms.*50 ms/);
  });

  test("does not take one unlucky request for harm", () => {
    expect(findHarm({ ...fine, requests: 30, failures: 1 }, fine, 50)).toBeNull();
    expect(findHarm({ ...fine, requests: 5, p95Ms: 900 }, fine, 50)).toBeNull();
    // The stable binding is over its budget as well: that is not the canary's doing.
    expect(findHarm({ ...fine, requests: 30, p95Ms: 80 }, { ...fine, p95Ms: 70 }, 50)).toBeNull();
  });

  test("never blames a canary whose rates are no worse than the stable arm's", () => {
    const arm = fc.record({ requests: fc.integer({ min: 1, max: 500 }), bad: fc.double({ min: 0, max: 1, noNaN: true }) });
    fc.assert(
      fc.property(arm, arm, (canary, stable) => {
        const of = ({ requests, bad }: { requests: number; bad: number }): ArmFigures => ({
          requests,
          failures: Math.floor(requests * bad),
          fallbacks: 0,
          p95Ms: 5,
          labelled: 0,
          right: 0,
        });
        const [a, b] = [of(canary), of(stable)];
        if (a.failures / a.requests <= b.failures / b.requests) expect(findHarm(a, b, 50)).toBeNull();
      }),
    );
  });
});

describe("the guard of a shadow", () => {
  test("keeps from traffic what surely fails more than one time in a hundred", () => {
    expect(findShadowHarm({ answers: 0, errors: 0 })).toBeNull();
    expect(findShadowHarm({ answers: 300, errors: 1 })).toBeNull();
    expect(findShadowHarm({ answers: 300, errors: 30 })).toMatch(/10\.0% of 300/);
  });
});
