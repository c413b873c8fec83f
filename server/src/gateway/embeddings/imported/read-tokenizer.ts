import { z } from "zod";
import type { WordPieceVocabulary } from "./word-piece.ts";

const fileSchema = z.object({
  normalizer: z.object({
    type: z.literal("BertNormalizer"),
    clean_text: z.boolean(),
    handle_chinese_chars: z.boolean(),
    /** Null: as with small letters. */
    strip_accents: z.boolean().nullable(),
    lowercase: z.boolean(),
  }),
  pre_tokenizer: z.object({ type: z.literal("BertPreTokenizer") }),
  model: z.object({
    type: z.literal("WordPiece").default("WordPiece"),
    unk_token: z.string(),
    continuing_subword_prefix: z.string(),
    max_input_chars_per_word: z.int().positive(),
    vocab: z.record(z.string(), z.int().nonnegative()),
  }),
});

/** `tokenizer.json`, or a `vocab.txt` with one piece a line. Throws in words what it is not. */
export function readTokenizer(text: string, { isJson, lowerCase }: { isJson: boolean; lowerCase: boolean }): WordPieceVocabulary {
  if (!isJson) {
    const lines = text.split(/\r?\n/);
    if (lines.at(-1) === "") lines.pop();
    const rules = { clean: true, splitChinese: true, stripAccents: lowerCase, lowerCase };
    const pieces = new Map(lines.map((piece, index) => [piece, index]));
    return { pieces, prefix: "##", maxWordCharacters: 100, rules, ...marksOf(pieces, "[UNK]") };
  }
  const { normalizer, model } = parse(text);
  const pieces = new Map(Object.entries(model.vocab));
  return {
    pieces,
    prefix: model.continuing_subword_prefix,
    maxWordCharacters: model.max_input_chars_per_word,
    rules: {
      clean: normalizer.clean_text,
      splitChinese: normalizer.handle_chinese_chars,
      stripAccents: normalizer.strip_accents ?? normalizer.lowercase,
      lowerCase: normalizer.lowercase,
    },
    ...marksOf(pieces, model.unk_token),
  };
}

function parse(text: string): z.output<typeof fileSchema> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new Error(`it is no JSON: ${(error as Error).message}`, { cause: error });
  }
  const { success, data, error } = fileSchema.safeParse(json);
  if (success) return data;
  const [{ path, message }] = error.issues as [z.core.$ZodIssue];
  throw new Error(`it is no WordPiece tokenizer of BERT's kind (${path.join(".")}: ${message})`);
}

function marksOf(pieces: ReadonlyMap<string, number>, unknownPiece: string) {
  const of = (piece: string) => {
    const found = pieces.get(piece);
    if (found === undefined) throw new Error(`its vocabulary has no ${piece}`);
    return found;
  };
  return { unknown: of(unknownPiece), first: of("[CLS]"), last: of("[SEP]") };
}
