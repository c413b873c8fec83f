import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createManualClock } from "../core/index.ts";
import { type GivenAnswer, type Question, createLastGoodAnswers } from "./last-good-answers.ts";

const asked: Question = { projectId: "p", principalId: "alice", function: "f", variant: "v", inputHash: "h" };
const given = (inferenceId: string, output = "{}"): GivenAnswer => ({ inferenceId, binding: "b", output });

describe("the last good answers", () => {
  test("are each caller's own, and of one function, variant and input", () => {
    const answers = createLastGoodAnswers(createManualClock(0));
    answers.keep(asked, given("1"), 60);
    for (const field of Object.keys(asked)) expect(answers.find({ ...asked, [field]: "another" }, 60), field).toBeUndefined();
    expect(answers.find(asked, 60)).toEqual({ ...given("1"), ageSeconds: 0 });
  });

  test("grow old: for the step that asks, and in memory", () => {
    const clock = createManualClock(0);
    const answers = createLastGoodAnswers(clock);
    answers.keep(asked, given("1"), 60);
    clock.advance(30_000);
    expect(answers.find(asked, 29)).toBeUndefined();
    expect(answers.find(asked, 30)?.ageSeconds).toBe(30);
    clock.advance(30_000);
    expect(answers.find(asked, 60)).toBeUndefined();
    expect(answers.held()).toEqual({ answers: 0, bytes: 0 });
  });

  test("are forgotten with their inference", () => {
    const answers = createLastGoodAnswers(createManualClock(0));
    answers.keep(asked, given("1"), 60);
    answers.keep({ ...asked, inputHash: "other" }, given("2"), 60);
    answers.forget("1");
    expect(answers.find(asked, 60)).toBeUndefined();
    expect(answers.held().answers).toBe(1);
  });

  test("of a size that would push out all others are not kept, nor is the one before", () => {
    const answers = createLastGoodAnswers(createManualClock(0), { maxAnswers: 10, maxBytes: 8_000 });
    answers.keep(asked, given("1"), 60);
    answers.keep(asked, given("2", "x".repeat(600)), 60);
    expect(answers.find(asked, 60)).toBeUndefined();
    expect(answers.held()).toEqual({ answers: 0, bytes: 0 });
  });

  test("property: never more than the bounds, the newest of each question, the oldest gone first", () => {
    const bounds = { maxAnswers: 5, maxBytes: 6_000 };
    const keeps = fc.array(fc.record({ question: fc.integer({ min: 0, max: 9 }), size: fc.integer({ min: 0, max: 200 }) }), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(keeps, (list) => {
        const answers = createLastGoodAnswers(createManualClock(0), bounds);
        const newest = new Map<number, string>();
        for (const [index, { question, size }] of list.entries()) {
          answers.keep({ ...asked, inputHash: String(question) }, given(String(index), "x".repeat(size)), 60);
          newest.delete(question);
          newest.set(question, String(index));
          expect(answers.held().answers).toBeLessThanOrEqual(bounds.maxAnswers);
          expect(answers.held().bytes).toBeLessThanOrEqual(bounds.maxBytes);
        }
        const found = [...newest].map(([question, index]) => {
          const answer = answers.find({ ...asked, inputHash: String(question) }, 60);
          if (answer !== undefined) expect(answer.inferenceId).toBe(index);
          return answer !== undefined;
        });
        // Those that are left are the newest ones, without a gap.
        expect(found).toEqual([...found].sort());
        expect(found.filter(Boolean)).toHaveLength(answers.held().answers);
      }),
    );
  });
});
