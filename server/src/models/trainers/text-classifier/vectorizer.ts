import { type NgramKind, type NgramRange, NgramTable, type Tokens, createTokens, eachNgram } from "./ngrams.ts";

export interface VectorizerOptions {
  readonly kind: NgramKind;
  readonly range: NgramRange;
  /** Texts an n-gram must stand in. */
  readonly minimumTexts: number;
  /** Features kept, those in most texts first. */
  readonly maximumFeatures: number;
}

/** Rows of sparse vectors, one after another (CSR). */
export interface SparseRows {
  readonly starts: Int32Array;
  readonly columns: Int32Array;
  readonly values: Float32Array;
}

/**
 * Tf-idf of n-grams of one kind over one column; those of characters stay within a word and the spaces at its edges. The value of a feature is sqrt(tf) * idf with idf = ln((1 + n) / (1 + df)) + 1
 * (scikit-learn's smooth idf; the square root dampens repetition as 1 + ln does, but is zero at zero), each row scaled to
 * length 1.
 */
export interface Vectorizer {
  readonly kind: NgramKind;
  readonly range: NgramRange;
  readonly idf: Float32Array;
  /** The tokens of each feature, in feature order. */
  featureTokens(feature: number): string[];
  transform(texts: readonly string[]): SparseRows;
}

const hashBits = 22;

export function fitVectorizer(texts: readonly string[], options: VectorizerOptions): { vectorizer: Vectorizer; rows: SparseRows } {
  const { kind, range } = options;
  const tokens = createTokens(kind);
  const rule = { range, boundary: tokens.boundary };
  const encoded = texts.map((text) => tokens.encode(text, true));
  const minimumTexts = Math.min(options.minimumTexts, Math.max(1, texts.length));
  const bucketTexts = countBuckets(encoded, rule);
  const table = new NgramTable();
  const textCounts: number[] = [];
  const lastSeen: number[] = [];
  for (const [row, sequence] of encoded.entries()) {
    eachNgram(sequence, rule, (ngram) => {
      // The bucket counts at least as many texts as the n-gram itself: most rare ones end here, without a table entry.
      if (bucketTexts[bucketOf(ngram.hash)]! < minimumTexts) return;
      const entry = table.add(ngram);
      if (lastSeen[entry] === row) return;
      lastSeen[entry] = row;
      textCounts[entry] = (textCounts[entry] ?? 0) + 1;
    });
  }
  const kept = selectFeatures(textCounts, minimumTexts, options.maximumFeatures);
  const featureOf = new Int32Array(table.size).fill(-1);
  for (const [feature, entry] of kept.entries()) featureOf[entry] = feature;
  const idf = Float32Array.from(kept, (entry) => Math.log((1 + texts.length) / (1 + textCounts[entry]!)) + 1);

  function transformEncoded(rows: readonly Int32Array[]): SparseRows {
    return toRows(rows, { rule, table, featureOf, idf });
  }

  const vectorizer: Vectorizer = {
    kind,
    range,
    idf,
    featureTokens: (feature) => table.tokens(kept[feature]!).map((token) => tokens.decode(token)),
    transform: (more) => transformEncoded(more.map((text) => tokens.encode(text, false))),
  };
  return { vectorizer, rows: transformEncoded(encoded) };
}

function bucketOf(hash: number): number {
  return (Math.imul(hash, 0x9e3779b1) >>> (32 - hashBits)) | 0;
}

interface NgramRule {
  readonly range: NgramRange;
  readonly boundary: Tokens["boundary"];
}

function countBuckets(encoded: readonly Int32Array[], rule: NgramRule): Int32Array {
  const counts = new Int32Array(1 << hashBits);
  const last = new Int32Array(1 << hashBits).fill(-1);
  for (const [row, sequence] of encoded.entries()) {
    eachNgram(sequence, rule, ({ hash }) => {
      const bucket = bucketOf(hash);
      if (last[bucket] === row) return;
      last[bucket] = row;
      counts[bucket]! += 1;
    });
  }
  return counts;
}

function selectFeatures(textCounts: readonly number[], minimumTexts: number, maximumFeatures: number): number[] {
  const enough = textCounts.map((count, entry) => ({ count, entry })).filter(({ count }) => count >= minimumTexts);
  enough.sort((a, b) => b.count - a.count || a.entry - b.entry);
  // In order of length and appearance again: the graph lists n-grams by length.
  return enough
    .slice(0, maximumFeatures)
    .map(({ entry }) => entry)
    .sort((a, b) => a - b);
}

interface RowParts {
  readonly rule: NgramRule;
  readonly table: NgramTable;
  readonly featureOf: Int32Array;
  readonly idf: Float32Array;
}

function toRows(encoded: readonly Int32Array[], { rule, table, featureOf, idf }: RowParts): SparseRows {
  const starts = new Int32Array(encoded.length + 1);
  const columns: number[] = [];
  const values: number[] = [];
  const counts = new Int32Array(idf.length);
  for (const [row, sequence] of encoded.entries()) {
    const touched: number[] = [];
    eachNgram(sequence, rule, (ngram) => {
      const entry = table.find(ngram);
      const feature = entry === -1 ? -1 : featureOf[entry]!;
      if (feature === -1) return;
      if (counts[feature] === 0) touched.push(feature);
      counts[feature]! += 1;
    });
    touched.sort((a, b) => a - b);
    let squares = 0;
    const first = values.length;
    for (const feature of touched) {
      const value = Math.sqrt(counts[feature]!) * idf[feature]!;
      squares += value * value;
      columns.push(feature);
      values.push(value);
      counts[feature] = 0;
    }
    const scale = squares === 0 ? 0 : 1 / Math.sqrt(squares);
    for (let index = first; index < values.length; index++) values[index]! *= scale;
    starts[row + 1] = values.length;
  }
  return { starts, columns: Int32Array.from(columns), values: Float32Array.from(values) };
}

/** Puts the columns of several blocks side by side. */
export function joinRows(blocks: readonly { rows: SparseRows; width: number }[]): SparseRows & { width: number } {
  const count = blocks[0]!.rows.starts.length - 1;
  const total = blocks.reduce((sum, block) => sum + block.rows.values.length, 0);
  const starts = new Int32Array(count + 1);
  const columns = new Int32Array(total);
  const values = new Float32Array(total);
  let cursor = 0;
  for (let row = 0; row < count; row++) {
    let offset = 0;
    for (const { rows, width } of blocks) {
      for (let index = rows.starts[row]!; index < rows.starts[row + 1]!; index++) {
        columns[cursor] = rows.columns[index]! + offset;
        values[cursor++] = rows.values[index]!;
      }
      offset += width;
    }
    starts[row + 1] = cursor;
  }
  return { starts, columns, values, width: blocks.reduce((sum, block) => sum + block.width, 0) };
}
