import type { Attribute } from "../../onnx/model.ts";
import { wordPattern } from "./ngrams.ts";
import type { Vectorizer } from "./vectorizer.ts";

// No prepared text holds it (control characters became spaces), so padding matches no n-gram.
const padding = "\u0001";

/**
 * How the operator Tokenizer takes a prepared text apart as the vectorizer does. `mark` puts a start and an end token around, so
 * that a text without a single word still has tokens to count.
 */
export function tokenizerAttributes({ kind }: Vectorizer): Record<string, Attribute> {
  const apart: Record<string, Attribute> = kind === "words" ? { tokenexp: wordPattern } : { separators: [""] };
  return { mark: 1, mincharnum: 1, pad_value: padding, ...apart };
}

/** The n-grams as TfIdfVectorizer lists them: by length, each with the column of its feature. */
export function ngramAttributes(vectorizer: Vectorizer): Record<string, Attribute> {
  const byLength = new Map<number, { tokens: string[]; feature: number }[]>();
  for (let feature = 0; feature < vectorizer.idf.length; feature++) {
    const tokens = vectorizer.featureTokens(feature);
    const list = byLength.get(tokens.length);
    if (list === undefined) byLength.set(tokens.length, [{ tokens, feature }]);
    else list.push({ tokens, feature });
  }
  const starts: number[] = [];
  const pool: string[] = [];
  const indexes: number[] = [];
  for (let length = 1; length <= vectorizer.range.maximum; length++) {
    starts.push(pool.length);
    for (const { tokens, feature } of byLength.get(length) ?? []) {
      pool.push(...tokens);
      indexes.push(feature);
    }
  }
  return {
    mode: "TF",
    min_gram_length: vectorizer.range.minimum,
    max_gram_length: vectorizer.range.maximum,
    max_skip_count: 0,
    ngram_counts: { integers: starts },
    ngram_indexes: { integers: indexes },
    pool_strings: pool,
  };
}
