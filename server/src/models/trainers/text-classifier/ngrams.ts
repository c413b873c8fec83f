/** Words: runs of ASCII letters, digits, apostrophes and everything beyond ASCII. The graph's tokenizer uses the same set. */
export const wordPattern = "[a-z0-9'\\x{80}-\\x{10FFFF}]+";
const wordExpression = /[a-z0-9'\u{80}-\u{10FFFF}]+/gu;

export type NgramKind = "words" | "characters";
export interface NgramRange {
  readonly minimum: number;
  readonly maximum: number;
}

/** Texts as sequences of token numbers: words, or single characters (code points), numbered in order of appearance. */
export class TokenTable {
  readonly tokens: string[] = [];
  readonly #ids = new Map<string, number>();
  readonly #kind: NgramKind;

  constructor(kind: NgramKind) {
    this.#kind = kind;
  }

  /** Token numbers of a prepared text. Unknown tokens get a number when `grow`, else -1, which no n-gram holds. */
  encode(prepared: string, grow: boolean): Int32Array {
    const parts = this.#kind === "words" ? (prepared.match(wordExpression) ?? []) : Array.from(prepared);
    const ids = new Int32Array(parts.length);
    for (let index = 0; index < parts.length; index++) {
      const part = parts[index]!;
      let id = this.#ids.get(part);
      if (id === undefined) {
        if (grow) {
          id = this.tokens.length;
          this.tokens.push(part);
          this.#ids.set(part, id);
        } else {
          id = -1;
        }
      }
      ids[index] = id;
    }
    return ids;
  }
}

/** Collects distinct n-grams of token numbers in an open-addressing table; each entry remembers one place it stands at. */
export class NgramTable {
  /** Start of each n-gram's tokens in `pool`, and how many. */
  readonly starts: number[] = [];
  readonly lengths: number[] = [];
  readonly pool: number[] = [];
  #slots = new Int32Array(1 << 16).fill(-1);
  #hashes: number[] = [];

  get size(): number {
    return this.starts.length;
  }

  /** The entry's number; -1 when it is not there and may not be added. */
  // oxlint-disable-next-line max-params -- called for every n-gram of every text: an object each would be garbage
  find(tokens: Int32Array, start: number, length: number, hash: number, add: boolean): number {
    const mask = this.#slots.length - 1;
    let slot = mix(hash) & mask;
    for (;;) {
      const entry = this.#slots[slot]!;
      if (entry === -1) break;
      if (this.#hashes[entry] === hash && this.lengths[entry] === length && this.#equals(entry, tokens, start)) return entry;
      slot = (slot + 1) & mask;
    }
    if (!add) return -1;
    const entry = this.starts.length;
    this.starts.push(this.pool.length);
    this.lengths.push(length);
    this.#hashes.push(hash);
    for (let index = 0; index < length; index++) this.pool.push(tokens[start + index]!);
    this.#slots[slot] = entry;
    if (this.starts.length * 2 > this.#slots.length) this.#grow();
    return entry;
  }

  #equals(entry: number, tokens: Int32Array, start: number): boolean {
    const from = this.starts[entry]!;
    for (let index = this.lengths[entry]! - 1; index >= 0; index--) {
      if (this.pool[from + index] !== tokens[start + index]) return false;
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

/** Calls back for every n-gram of a token sequence with its place, length and hash. Sequences with -1 are skipped over. */
export function eachNgram(tokens: Int32Array, range: NgramRange, visit: (start: number, length: number, hash: number) => void): void {
  for (let start = 0; start < tokens.length; start++) {
    let hash = 0x811c9dc5;
    const limit = Math.min(range.maximum, tokens.length - start);
    for (let length = 1; length <= limit; length++) {
      const token = tokens[start + length - 1]!;
      if (token < 0) break;
      hash = Math.imul(hash ^ (token + 1), 0x01000193) ^ (hash >>> 15);
      if (length >= range.minimum) visit(start, length, hash | 0);
    }
  }
}
