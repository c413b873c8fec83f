import fc from "fast-check";
import { expect, test } from "vitest";
import type { ChatEvent } from "../../types.ts";
import { createReader } from "./read-events.ts";
import { createTextShape } from "./text-shape.ts";

const said = (text: string): ChatEvent[] => [{ type: "text", part: 0, text }];
const chunk = (content: unknown, more: object = {}) =>
  JSON.stringify({ id: "1", model: "m", choices: [{ index: 0, delta: { content }, finish_reason: null }], ...more });

test("the text of a chunk like the one before is read without the rest of it", () => {
  const shape = createTextShape();
  expect(shape.read(chunk("a"))).toBeUndefined();
  shape.learn(chunk("a"), said("a"));
  expect(shape.read(chunk("b"))).toBe("b");
  expect(shape.read(chunk(""))).toBe("");
  expect(shape.read(chunk('"quoted" \\ \n é 🌍'))).toBe('"quoted" \\ \n é 🌍');
  expect(shape.read(chunk("b").replace("b", "\\u00e9"))).toBe("é");
});

test.each([
  ["another identity", chunk("b", { id: "2" })],
  ["a usage", chunk("b", { usage: {} })],
  ["no text but null", chunk(null)],
  ["a text that is cut", chunk("b").slice(0, -4)],
  ["an end in the text's place", chunk("b").replace('"b"', '"b","refusal":"c"')],
  ["a control character", chunk("b").replace("b", "\t")],
  ["half an escape", chunk("b").replace("b", "\\")],
])("a chunk with %s is read whole", (_what, data) => {
  const shape = createTextShape();
  shape.learn(chunk("a"), said("a"));
  expect(shape.read(data)).toBeUndefined();
});

test("what means more than its text is not learned", () => {
  const shape = createTextShape();
  shape.learn(chunk("a"), [...said("a"), { type: "finish", finish: "stop" }]);
  expect(shape.read(chunk("b"))).toBeUndefined();
  shape.learn(chunk("a", { message: { content: "z" } }), said("a"));
  expect(shape.read(chunk("b", { message: { content: "z" } }))).toBeUndefined();
});

test("a stream says what it says when each chunk is read whole", () => {
  const delta = fc.oneof(
    fc.string({ unit: "grapheme" }).map((content) => ({ content })),
    fc.string().map((content) => ({ content, role: "assistant" })),
    fc.string().map((refusal) => ({ refusal })),
    fc.constant({ content: null }),
  );
  const chunks = fc.array(
    fc.record({ delta, id: fc.constantFrom("1", "1", "1", "2"), finish: fc.constantFrom(null, null, null, "stop") }),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(chunks, (all) => {
      const datas = all.map(({ delta, id, finish }) =>
        JSON.stringify({ id, model: "m", choices: [{ index: 0, delta, finish_reason: finish }] }),
      );
      const reader = createReader();
      // A space more or less before each chunk: none is like the one before.
      const whole = createReader();
      const read = datas.map((data) => reader.push({ event: "", data }));
      expect(inRuns(datas)).toEqual(joined(read.flat()));
      expect(read).toEqual(datas.map((data, index) => whole.push({ event: "", data: " ".repeat(1 + (index % 2)) + data })));
    }),
    { numRuns: 100 },
  );
});

/** What is read in runs where that goes. */
function inRuns(datas: readonly string[]): ChatEvent[] {
  const reader = createReader();
  const all = datas.map((data) => ({ event: "", data }));
  const events: ChatEvent[] = [];
  for (let index = 0; index < all.length;) {
    const run = reader.pushTexts!(all, index);
    events.push(...(run.count > 0 ? run.events : reader.push(all[index]!)));
    index += Math.max(1, run.count);
  }
  return joined(events);
}

/** Pieces of one text as one. */
function joined(events: readonly ChatEvent[]): ChatEvent[] {
  const all: ChatEvent[] = [];
  for (const event of events) {
    const last = all.at(-1);
    if (event.type === "text" && last?.type === "text" && last.part === event.part)
      all[all.length - 1] = { ...last, text: last.text + event.text };
    else all.push(event);
  }
  return all;
}

test("texts that come together are one event, and the first that says more ends them", () => {
  const reader = createReader();
  const all = [chunk(""), chunk("a"), chunk("b"), chunk("c"), chunk("d", { usage: {} }), chunk("e")].map((data) => ({ event: "", data }));
  expect(reader.pushTexts!(all, 0)).toEqual({ count: 0, events: [] });
  // The first tells who speaks, the second what a text looks like.
  for (const event of all.slice(0, 2)) reader.push(event);
  expect(reader.pushTexts!(all, 2)).toEqual({ count: 2, events: said("bc") });
  expect(reader.pushTexts!(all, 4).count).toBe(0);
  expect(reader.pushTexts!([{ event: "error", data: chunk("b") }], 0).count).toBe(0);
});
