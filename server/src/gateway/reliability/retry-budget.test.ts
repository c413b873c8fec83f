import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRetryBudget, createRetryBudgets } from "./retry-budget.ts";

describe("the budget of retries", () => {
  test("gives one retry for ten first attempts once what was saved is spent", () => {
    const budget = createRetryBudget({ share: 0.1, cap: 2 });
    expect([budget.withdraw(), budget.withdraw(), budget.withdraw()]).toEqual([true, true, false]);
    for (let attempts = 0; attempts < 9; attempts++) budget.deposit();
    expect(budget.withdraw()).toBe(false);
    budget.deposit();
    expect([budget.withdraw(), budget.withdraw()]).toEqual([true, false]);
  });

  test("never allows more than its share of the first attempts and what was saved, in any order", () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 400 }), fc.integer({ min: 0, max: 5 }), (isRetry, cap) => {
        const budget = createRetryBudget({ share: 0.1, cap });
        let first = 0;
        let retries = 0;
        for (const retry of isRetry) {
          if (!retry) {
            budget.deposit();
            first += 1;
          } else if (budget.withdraw()) retries += 1;
          expect(budget.balance).toBeGreaterThanOrEqual(0);
          expect(budget.balance).toBeLessThanOrEqual(cap);
        }
        expect(retries).toBeLessThanOrEqual(cap + first / 10);
      }),
    );
  });

  test("is each target's own", () => {
    const budgets = createRetryBudgets({ share: 0.1, cap: 1 });
    expect([budgets.of("a").withdraw(), budgets.of("a").withdraw(), budgets.of("b").withdraw()]).toEqual([true, false, true]);
  });
});
