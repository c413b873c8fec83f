import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { prepareText, textPreparation } from "./text-input.ts";

describe("prepared text", () => {
  test("is lower-cased as JavaScript does it, composed, with plain spaces", () => {
    expect(prepareText("É İ ΣΊΣΥΦΟΣ")).toBe(" é i̇ σίσυφος ");
    expect(prepareText("e\u0301")).toBe(prepareText("é"));
    expect(prepareText("a\tb\r\nc\u00a0d")).toBe(" a b  c d ");
  });

  test("hides nothing behind a NUL", () => {
    expect(prepareText("hello\u0000free money")).toBe(" hello free money ");
  });

  test("takes what is missing for empty, and other values as their JSON", () => {
    expect(prepareText(null)).toBe("  ");
    expect(prepareText(undefined)).toBe("  ");
    expect(prepareText(12)).toBe(" 12 ");
    expect(prepareText({ Subject: "A" })).toBe(' {"subject":"a"} ');
  });

  test("is cut before anything else, even inside a character", () => {
    const preparation = { ...textPreparation, maxCharacters: 3 };
    expect(prepareText("abcdef", preparation)).toBe(" abc ");
    expect(prepareText("ab😀", preparation)).toBe(" ab\ufffd ");
  });

  test("is well-formed, has an edge at each end and no control character, whatever came in", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
        const prepared = prepareText(text);
        expect(prepared.isWellFormed()).toBe(true);
        expect(prepared.startsWith(" ") && prepared.endsWith(" ")).toBe(true);
        expect(prepared).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
      }),
    );
  });
});
