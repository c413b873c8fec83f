import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { SseEvent } from "../types.ts";
import { createEventParser } from "./parse-events.ts";
import { writeEvent } from "./write-event.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

function parse(chunks: readonly Uint8Array[], maxEventBytes?: number): { events: SseEvent[]; leftOver: boolean } {
  const parser = createEventParser(maxEventBytes === undefined ? {} : { maxEventBytes });
  const events = chunks.flatMap((chunk) => parser.push(chunk));
  return { events: [...events, ...parser.end()], leftOver: parser.leftOver() };
}

const parseText = (text: string) => parse([bytes(text)]).events;

function cut(whole: Uint8Array, at: readonly number[]): Uint8Array[] {
  const places = [0, ...at.map((place) => place % (whole.length + 1)).sort((a, b) => a - b), whole.length];
  return places.slice(1).map((end, index) => whole.slice(places[index], end));
}

/** Text in which what matters to the format is frequent. */
const stream = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "data",
        "event",
        "id",
        "retry",
        ":",
        " ",
        "\n",
        "\r",
        "\r\n",
        "\n\n",
        "data: ",
        "data:",
        "event: x",
        "\uFEFF",
        "é",
        "€",
        "😀",
      ),
      fc.string({ maxLength: 5 }),
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(""));

describe("a stream of events", () => {
  const sample = '\uFEFF: hello\r\nevent: messäge\r\ndata: {"a":"€"}\r\n\r\ndata: 1\rdata: 😀\r\rdata: x\n\nid: 7\nretry: 5\n\ndata\n\n';
  const sampleEvents = [
    { event: "messäge", data: '{"a":"€"}' },
    { event: "", data: "1\n😀" },
    { event: "", data: "x" },
    { event: "", data: "" },
  ];

  test("is read with every line end, a byte order mark, comments and data over several lines", () => {
    expect(parseText(sample)).toEqual(sampleEvents);
  });

  test("gives the same events cut at every byte, and as single bytes", () => {
    const whole = bytes(sample);
    for (let place = 0; place <= whole.length; place++)
      expect(parse(cut(whole, [place]))).toEqual({ events: sampleEvents, leftOver: false });
    expect(parse(Array.from(whole, (byte) => Uint8Array.of(byte))).events).toEqual(sampleEvents);
  });

  test("gives the same events, and the same left over, wherever it is cut", () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(), { maxLength: 8 }), (text, places) => {
        expect(parse(cut(bytes(text), places))).toEqual(parse([bytes(text)]));
      }),
      { numRuns: 150 },
    );
  });

  test("gives the same events from bytes that are no UTF-8, wherever they are cut, and as a TextDecoder reads them", () => {
    const hostile = fc.array(
      fc.constantFrom(0x41, 0x80, 0xbf, 0xc3, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80, 0xff, 0xed, 0xa0, 0xef, 0xbb),
      {
        maxLength: 12,
      },
    );
    fc.assert(
      fc.property(hostile, fc.array(fc.nat(), { maxLength: 4 }), (body, places) => {
        const whole = Uint8Array.from([...bytes("data: "), ...body, 10, 10]);
        const expected = new TextDecoder().decode(whole).slice("data: ".length, -2);
        expect(parse(cut(whole, places)).events).toEqual([{ event: "", data: expected }]);
      }),
      { numRuns: 150 },
    );
  });

  test("holds half a character until the rest comes, also when the chunk's memory is used again", () => {
    const parser = createEventParser();
    const [first, second] = cut(bytes("data: 😀\n\n"), [8]) as [Uint8Array, Uint8Array];
    expect(parser.push(first)).toEqual([]);
    first.fill(0x58);
    expect(parser.leftOver()).toBe(true);
    expect(parser.push(second)).toEqual([{ event: "", data: "😀" }]);
  });

  test("ends an event at a carriage return without waiting, and takes no line from the newline after it", () => {
    const parser = createEventParser();
    expect(parser.push(bytes("data: a\r\n\r"))).toEqual([{ event: "", data: "a" }]);
    expect(parser.push(new Uint8Array())).toEqual([]);
    expect(parser.push(bytes("\ndata: b\r"))).toEqual([]);
    expect(parser.push(new Uint8Array())).toEqual([]);
    expect(parser.push(bytes("\ndata: c\n\n"))).toEqual([{ event: "", data: "b\nc" }]);
  });

  test("tells events as they came only where that is how they are written", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(stream, fc.constant("data: a\n\ndata: b\n\n")), { maxLength: 6 }), fc.nat(), (texts, place) => {
        const parser = createEventParser();
        for (const chunk of cut(bytes(texts.join("")), [place])) {
          const events = parser.push(chunk);
          for (let start = 0; start <= events.length; start++)
            for (let end = start; end <= events.length; end++) {
              const written = events.slice(start, end).map(({ event, data }) => writeEvent(data, event === "" ? undefined : event));
              expect([undefined, written.join("")]).toContain(parser.asCame(start, end));
            }
        }
      }),
      { numRuns: 150 },
    );
    const parser = createEventParser();
    parser.push(bytes("data: cut"));
    expect(parser.push(bytes(" here\n\ndata: a\n\ndata: é\n\nda"))).toHaveLength(3);
    expect(parser.asCame(1, 3)).toBe("data: a\n\ndata: é\n\n");
    expect(parser.asCame(0, 2)).toBeUndefined();
  });

  test("takes one space after the colon away, no more, and no other field for data", () => {
    expect(parseText("data:  a\ndata:b\ndatabase: c\nDATA: d\n data: e\n\n")).toEqual([{ event: "", data: " a\nb" }]);
  });

  test("gives no event without data, and forgets its name", () => {
    expect(parseText("event: lost\n\n:only a comment\n\ndata: kept\n\n")).toEqual([{ event: "", data: "kept" }]);
  });

  test.each(["data: a\n", "data: a", "event: a\n", "da"])("drops an event that is not finished and says that %j was left over", (tail) => {
    expect(parse([bytes(`data: whole\n\n${tail}`)])).toEqual({ events: [{ event: "", data: "whole" }], leftOver: true });
  });

  test("has nothing left over after its last event, or after a comment", () => {
    expect(parse([bytes("data: a\n\n")]).leftOver).toBe(false);
    expect(parse([bytes("data: a\n\n: bye\n")]).leftOver).toBe(false);
  });

  test("is refused when one event is over the limit, in one line or many, finished or not, in one piece or many", () => {
    const oversized = [`data: ${"é".repeat(60)}\n\n`, `data: ${"x".repeat(120)}`, "data: 123456789\n".repeat(20), `:${"c".repeat(120)}`];
    for (const text of oversized) {
      const single = Array.from(bytes(text), (byte) => Uint8Array.of(byte));
      for (const chunks of [[bytes(text)], single])
        expect(() => parse(chunks, 100)).toThrow(expect.objectContaining({ code: "provider_failed", details: { maxEventBytes: 100 } }));
    }
  });

  test("may be longer than the limit as a whole", () => {
    expect(parse([bytes(`data: ${"x".repeat(80)}\n\n`.repeat(50))], 100).events).toHaveLength(50);
  });
});

describe("a written event", () => {
  test("is the text the format wants", () => {
    expect(writeEvent("[DONE]")).toBe("data: [DONE]\n\n");
    expect(writeEvent("{}", "ping")).toBe("event: ping\ndata: {}\n\n");
    expect(writeEvent("a\nb\r\nc")).toBe("data: a\ndata: b\ndata: c\n\n");
  });

  test("is read back as it was", () => {
    const name = fc.stringMatching(/^[a-z_.]{0,12}$/);
    const data = fc.string({ unit: "binary" }).map((text) => text.toWellFormed().replaceAll("\r", "\n"));
    fc.assert(
      fc.property(fc.array(fc.record({ data, event: name })), (events) => {
        expect(parseText(events.map(({ data, event }) => writeEvent(data, event)).join(""))).toEqual(events);
      }),
    );
  });
});
