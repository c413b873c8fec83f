import { expect, test } from "vitest";
import { readSpent } from "./read-spent.ts";

const usage = { input: 120, output: 30, cachedInput: 100, cacheWrite: null, reasoning: 12, from: "provider" };
const cost = { amount: "0.0123", currency: "USD", from: "provider", parts: {} };
const spent = { ...usage, amount: "0.0123", currency: "USD" };
const step = { kind: "ask", startMs: 0, durationMs: 1, status: "ok" } as const;

test("tokens and cost are read in all and of each step that was paid for", () => {
  const details = { target: "one/small", usage, cost };
  const steps = [
    { ...step, name: "checks" },
    { ...step, name: "draft", details },
    { ...step, name: "final", details: { ...details, cost: { amount: null, currency: null } } },
  ];
  expect(readSpent({ produced: { usage, cost, model: "small" }, steps })).toEqual({
    total: spent,
    steps: [
      { ...spent, place: 1, name: "draft", target: "one/small", isPart: false },
      { ...spent, amount: null, currency: null, place: 2, name: "final", target: "one/small", isPart: false },
    ],
  });
});

test("an attempt that was lost is a part of the ask it was made for", () => {
  const details = { usage, cost };
  const steps = [
    { ...step, kind: "llm", name: "one/empty", startMs: 1, durationMs: 2, details } as const,
    { ...step, name: "one", startMs: 0, durationMs: 9, details },
    { ...step, kind: "llm", name: "later", startMs: 8, durationMs: 2, details } as const,
  ];
  expect(readSpent({ produced: { usage, cost }, steps }).steps.map(({ name, isPart }) => [name, isPart])).toEqual([
    ["one/empty", true],
    ["one", false],
    ["later", false],
  ]);
});

test("usage without a cost is shown with an unknown one", () => {
  expect(readSpent({ produced: { usage, cost: null }, steps: [] }).total).toEqual({ ...spent, amount: null, currency: null });
});

test("a step that was asked and told nothing has a cost that is not known, and so has the whole", () => {
  const nothing = {
    amount: null,
    currency: null,
    input: null,
    output: null,
    cachedInput: null,
    cacheWrite: null,
    reasoning: null,
    from: null,
  };
  expect(readSpent({ produced: {}, steps: [{ ...step, name: "late", details: { usage: null, cost: null } }] })).toEqual({
    total: nothing,
    steps: [{ ...nothing, place: 0, name: "late", target: null, isPart: false }],
  });
});

test.each([{}, { usage: { input: 0, output: 0 }, cost: { amount: "0" } }, { usage: null, cost: null }, { cost: "0.01" }, { usage: [1] }])(
  "where no model was asked there is none: %j",
  (produced) => {
    expect(readSpent({ produced, steps: [{ ...step, name: "rules", details: { kind: "whole" } }] })).toEqual({ total: null, steps: [] });
  },
);
