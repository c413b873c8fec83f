import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readTokenizer } from "./read-tokenizer.ts";
import { createWordPiece, cutTokens } from "./word-piece.ts";

const listed = [
  "[PAD]",
  "[UNK]",
  "[CLS]",
  "[SEP]",
  "un",
  "want",
  "##want",
  "##ed",
  "run",
  "##ning",
  "!",
  "[",
  "]",
  "σ",
  "##σ",
  "你",
  "sep",
];
const file = listed.join("\n");
const vocabulary = readTokenizer(file, { isJson: false, lowerCase: true });
const tokenize = createWordPiece(vocabulary);
const [unknown, first, last] = [1, 2, 3];

function spelled(text: string): string {
  return tokenize(text)
    .slice(1, -1)
    .map((token) => listed[token]!)
    .join(" ");
}

function jsonOf(changes: { normalizer?: object; model?: object; pre_tokenizer?: object } = {}): string {
  return JSON.stringify({
    normalizer: {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
      ...changes.normalizer,
    },
    pre_tokenizer: { type: "BertPreTokenizer", ...changes.pre_tokenizer },
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(listed.map((piece, index) => [piece, index])),
      ...changes.model,
    },
  });
}

describe("the pieces of a text", () => {
  test.each([
    ["the longest first, then what continues it", "UNwanted running!", "un ##want ##ed run ##ning !"],
    ["a word that cannot be spelled to its end is unknown as a whole", "unhappy want", "[UNK] want"],
    ["accents and control characters go", "ŕü\u0000n\u200B un", "run un"],
    ["a sign that no Unicode has assigned is one nobody knows", "run\u0378", "[UNK]"],
    ["each Chinese character is a word", "un你run", "un 你 run"],
    ["a sigma is the same at the end of a word", "ΣΣ", "σ ##σ"],
    ["a mark of the vocabulary cannot be spelled", "[SEP]", "[ sep ]"],
    ["blanks of all kinds part words", "run\trun\u3000run\r\nrun", "run run run run"],
    ["of nothing are none", " \u0007 ", ""],
    ["a word that is too long is unknown", `un${"want".repeat(25)}`, "[UNK]"],
  ])("%s", (_what, text, pieces) => {
    expect(spelled(text)).toBe(pieces);
  });

  test("stand between two marks that no text can spell, and spell it back, whatever is in it", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: "binary" }),
          fc.array(fc.constantFrom(...listed, " ", "\uD800")).map((all) => all.join("")),
        ),
        (text) => {
          const tokens = tokenize(text);
          expect([tokens[0], tokens.at(-1)]).toEqual([first, last]);
          const inner = tokens.slice(1, -1);
          expect(inner.filter((token) => token === 0 || token === first || token === last || listed[token] === undefined)).toEqual([]);
        },
      ),
    );
    const words = fc.array(fc.constantFrom("un", "run", "running", "unwanted", "wanted", "!", "σσσ"), { maxLength: 20 });
    fc.assert(
      fc.property(words, (each) => {
        const text = each.join(" ");
        expect(tokenize(text)).not.toContain(unknown);
        expect(spelled(text).replaceAll(" ##", "")).toBe(text);
      }),
    );
  });

  test("that are too many are cut at the end, the mark stays", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(9), { minLength: 2, maxLength: 20 }), fc.integer({ min: 3, max: 25 }), (tokens, most) => {
        const cut = cutTokens(tokens, most);
        expect(cut).toHaveLength(Math.min(most, tokens.length));
        expect(cut.slice(0, -1)).toEqual(tokens.slice(0, cut.length - 1));
        expect(cut.at(-1)).toBe(tokens.at(-1));
      }),
    );
  });
});

describe("a tokenizer's file", () => {
  test("says the same as JSON and as a list", () => {
    const other = createWordPiece(readTokenizer(jsonOf(), { isJson: true, lowerCase: false }));
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."unwatedrig! σ你É[".split("")) }), (text) => {
        expect(other(text)).toEqual(tokenize(text));
      }),
    );
  });

  test("keeps capitals and accents where it says so", () => {
    const cased = createWordPiece(readTokenizer(file, { isJson: false, lowerCase: false }));
    expect(cased("run Run rün")).toEqual([first, listed.indexOf("run"), unknown, unknown, last]);
    const accents = jsonOf({ normalizer: { strip_accents: false } });
    expect(createWordPiece(readTokenizer(accents, { isJson: true, lowerCase: true }))("RÜN RUN")).toEqual([
      first,
      unknown,
      listed.indexOf("run"),
      last,
    ]);
  });

  test.each([
    ["of another kind", jsonOf({ model: { type: "BPE" } }), "model.type"],
    ["that cuts words in another way", jsonOf({ pre_tokenizer: { type: "Metaspace" } }), "pre_tokenizer.type"],
    ["that is none", "{", "no JSON"],
    ["without its marks", jsonOf({ model: { vocab: { "[UNK]": 0, "[CLS]": 1 } } }), "has no [SEP]"],
  ])("%s is refused with the reason", (_what, text, reason) => {
    expect(() => readTokenizer(text, { isJson: true, lowerCase: true })).toThrow(reason);
  });
});
