import { array, assert, constantFrom, integer, property, record } from "fast-check";
import { expect, test } from "vitest";
import { AttemptBook } from "./attempt-book.ts";
import { sumAttempts } from "./money/sum-attempts.ts";
import type { ChatAnswer, ChatRequest, Usage } from "./types.ts";

const request: ChatRequest = {
  model: "one/ok",
  system: [],
  messages: [{ role: "user", content: [{ type: "text", text: "Say this." }] }],
  stream: true,
  maxTokens: null,
  foreign: {},
};
const counted = (input: number | null, output: number | null): Usage => ({
  input,
  output,
  cachedInput: null,
  cacheWrite: null,
  reasoning: null,
  from: "provider",
});
const answered = (text: string, usage: Usage | null): ChatAnswer => ({
  id: "a",
  model: "ok",
  content: [{ type: "text", text }],
  finish: "unknown",
  usage,
});
/** A millionth of a dollar a token. */
const price = ({ input, output, from }: Usage) => ({
  amount: `0.${String((input ?? 0) + (output ?? 0)).padStart(6, "0")}`,
  currency: "USD" as const,
  from,
  parts: { input: null, output: null, cachedInput: null, cacheWrite: null },
});
const begun = (target = "one/ok") => ({ target, request, price });

test("an attempt that runs costs what was asked, then what came as far as it came, then what its provider says", () => {
  const book = new AttemptBook();
  const attempt = book.begin(begun());
  const asked = book.soFar()[0]!.usage;
  expect(asked).toMatchObject({ output: 0, from: "tokenizer" });
  expect(asked.input).toBeGreaterThan(0);
  let answer = answered("one two three four", null);
  let isWhole = false;
  attempt.follow(() => ({ answer, isWhole }));
  expect(book.soFar()[0]!.usage).toMatchObject({ input: asked.input, output: 5, from: "tokenizer" });
  answer = answered("one two three four", counted(7, null));
  expect(book.soFar()[0]!.usage).toMatchObject({ input: 7, output: 5, from: "tokenizer" });
  [answer, isWhole] = [answered("one two three four", counted(7, 4)), true];
  expect(book.soFar()[0]!.usage).toEqual(counted(7, 4));
  expect(book.lost()).toEqual([]);
});

test.each([
  ["was cut while its provider worked", true, null, { output: 0, from: "tokenizer" }],
  ["gave nothing of use, and its count", false, counted(9, 2), counted(9, 2)],
  ["failed without a word", false, null, undefined],
])("an attempt that %s", (_what, wasCut, told, usage) => {
  const book = new AttemptBook();
  const attempt = book.begin(begun());
  attempt.heard(told);
  attempt.failed(wasCut);
  if (usage === undefined) expect([book.lost(), book.soFar(), attempt.lost()]).toEqual([[], [], undefined]);
  else expect([book.lost(), book.soFar(), [attempt.lost()]]).toMatchObject([[{ usage }], [{ usage }], [{ usage }]]);
});

test("what several attempts cost is the sum of those that cost something, whatever became of them", () => {
  const become = record({
    input: integer({ min: 0, max: 1000 }),
    output: integer({ min: 0, max: 1000 }),
    end: constantFrom("answers", "lost", "free"),
  });
  assert(
    property(array(become, { maxLength: 6 }), (all) => {
      const book = new AttemptBook();
      for (const { input, output, end } of all) {
        const attempt = book.begin(begun());
        if (end === "answers") attempt.follow(() => ({ answer: answered("x", counted(input, output)), isWhole: true }));
        else if (end === "lost") attempt.heard(counted(input, output));
        if (end !== "answers") attempt.failed(false);
      }
      const paid = all.filter(({ end }) => end !== "free");
      const sum = sumAttempts(book.soFar());
      expect(sum?.usage.input ?? 0).toBe(paid.reduce((total, { input }) => total + input, 0));
      expect(Number(sum?.cost.amount ?? 0)).toBeCloseTo(paid.reduce((total, { input, output }) => total + input + output, 0) / 1e6, 9);
      expect(book.lost()).toHaveLength(all.filter(({ end }) => end === "lost").length);
    }),
  );
});
