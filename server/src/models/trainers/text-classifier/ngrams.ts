/** Words: runs of ASCII letters, digits, apostrophes and everything beyond ASCII. The graph's tokenizer uses the same set. */
export const wordPattern = "[a-z0-9'\\x{80}-\\x{10FFFF}]+";
const wordExpression = /[a-z0-9'\u{80}-\u{10FFFF}]+/gu;

export type NgramKind = "words" | "characters";
export interface NgramRange {
  readonly minimum: number;
  readonly maximum: number;
}

/** Texts as sequences of token numbers. */
export interface Tokens {
  /** Token numbers of a prepared text. Unknown tokens get a number when `grow`, else -1, which no n-gram holds. */
  encode(prepared: string, grow: boolean): Int32Array;
  /** The text of a token number. */
  decode(token: number): string;
  /** The token that may stand at the ends of an n-gram, never within; -1 when there is none. */
  readonly boundary: number;
}

export function createTokens(kind: NgramKind): Tokens {
  return kind === "words" ? createWordTokens() : characterTokens;
}

/** Characters are code points, numbered by themselves; a space is a boundary: n-grams stay within one word and its edges. */
const characterTokens: Tokens = {
  encode(prepared) {
    const points = new Int32Array(prepared.length);
    let count = 0;
    for (let index = 0; index < prepared.length; index++) {
      const point = prepared.codePointAt(index)!;
      if (point > 0xffff) index += 1;
      points[count++] = point;
    }
    return points.subarray(0, count);
  },
  decode: (token) => String.fromCodePoint(token),
  boundary: 0x20,
};

/** Words are numbered in order of appearance. */
function createWordTokens(): Tokens {
  const words: string[] = [];
  const numbers = new Map<string, number>();

  function number(word: string, grow: boolean): number {
    const known = numbers.get(word);
    if (known !== undefined || !grow) return known ?? -1;
    numbers.set(word, words.length);
    return words.push(word) - 1;
  }

  return {
    encode: (prepared, grow) => Int32Array.from(prepared.match(wordExpression) ?? [], (word) => number(word, grow)),
    decode: (token) => words[token]!,
    boundary: -1,
  };
}

/** One place in a token sequence. `eachNgram` uses one object for all of them. */
export interface Ngram {
  readonly tokens: Int32Array;
  readonly start: number;
  readonly length: number;
  readonly hash: number;
}

/** Collects distinct n-grams in an open-addressing table, numbered in the order they were added. */
export class NgramTable {
  readonly #starts: number[] = [];
  readonly #lengths: number[] = [];
  readonly #pool: number[] = [];
  readonly #hashes: number[] = [];
  #slots = new Int32Array(1 << 16).fill(-1);

  get size(): number {
    return this.#starts.length;
  }

  /** The tokens of an entry. */
  tokens(entry: number): number[] {
    const start = this.#starts[entry]!;
    return this.#pool.slice(start, start + this.#lengths[entry]!);
  }

  /** The entry's number, or -1. */
  find(ngram: Ngram): number {
    return this.#slots[this.#slotOf(ngram)]!;
  }

  /** The entry's number; adds it when it is not there. */
  add(ngram: Ngram): number {
    const slot = this.#slotOf(ngram);
    const known = this.#slots[slot]!;
    if (known !== -1) return known;
    const { tokens, start, length, hash } = ngram;
    const entry = this.#starts.length;
    this.#starts.push(this.#pool.length);
    this.#lengths.push(length);
    this.#hashes.push(hash);
    for (let index = 0; index < length; index++) this.#pool.push(tokens[start + index]!);
    this.#slots[slot] = entry;
    if (this.#starts.length * 2 > this.#slots.length) this.#grow();
    return entry;
  }

  /** The slot that holds it, or the empty one it would go to. */
  #slotOf(ngram: Ngram): number {
    const mask = this.#slots.length - 1;
    let slot = mix(ngram.hash) & mask;
    for (;;) {
      const entry = this.#slots[slot]!;
      if (entry === -1 || (this.#hashes[entry] === ngram.hash && this.#equals(entry, ngram))) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #equals(entry: number, { tokens, start, length }: Ngram): boolean {
    if (this.#lengths[entry] !== length) return false;
    const from = this.#starts[entry]!;
    for (let index = length - 1; index >= 0; index--) {
      if (this.#pool[from + index] !== tokens[start + index]) return false;
    }
    return true;
  }

  #grow(): void {
    const slots = new Int32Array(this.#slots.length * 2).fill(-1);
    const mask = slots.length - 1;
    for (let entry = 0; entry < this.#hashes.length; entry++) {
      let slot = mix(this.#hashes[entry]!) & mask;
      while (slots[slot] !== -1) slot = (slot + 1) & mask;
      slots[slot] = entry;
    }
    this.#slots = slots;
  }
}

function mix(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Calls back for every n-gram of a token sequence that holds no unknown token, and the boundary only at its ends. */
export function eachNgram(
  tokens: Int32Array,
  { range, boundary }: { range: NgramRange; boundary: number },
  visit: (ngram: Ngram) => void,
): void {
  const ngram = { tokens, start: 0, length: 0, hash: 0 };
  for (let start = 0; start < tokens.length; start++) {
    ngram.start = start;
    let hash = 0x811c9dc5;
    const limit = Math.min(range.maximum, tokens.length - start);
    for (let length = 1; length <= limit; length++) {
      const token = tokens[start + length - 1]!;
      if (token < 0 || (length > 2 && tokens[start + length - 2] === boundary)) break;
      hash = Math.imul(hash ^ (token + 1), 0x01000193) ^ (hash >>> 15);
      if (length < range.minimum) continue;
      ngram.length = length;
      ngram.hash = hash | 0;
      visit(ngram);
    }
  }
}
