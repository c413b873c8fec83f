/** Texts as points: the nearer two are, the more alike. All of one embedder have the same length. */
export interface Embedder {
  readonly name: string;
  embed(texts: readonly string[]): Promise<readonly Float32Array[]>;
}

const dimensions = 256;
/** Of a text's beginning and end: a question stands in one of them. */
const mostCharacters = 4000;

/**
 * Pieces of three to five characters, hashed: knows typing, endings and word order, and nothing of meaning. It needs no model and
 * always gives the same.
 */
export const lexicalEmbedder: Embedder = { name: "lexical-1", embed: async (texts) => texts.map(embedText) };

function embedText(text: string): Float32Array {
  const vector = new Float32Array(dimensions);
  const plain = ` ${shorten(text).normalize("NFKC").toLowerCase().replaceAll(/\s+/gu, " ").trim()} `;
  for (let size = 3; size <= 5; size++)
    for (let at = 0; at + size <= plain.length; at++) {
      const code = hash(plain, at, size);
      // Half of the pieces count downwards, so that two that fall together cancel out as often as they add up.
      vector[code % dimensions]! += (code & 0x10000) === 0 ? 1 : -1;
    }
  return toUnit(vector);
}

function shorten(text: string): string {
  return text.length <= mostCharacters ? text : text.slice(0, mostCharacters / 2) + text.slice(-mostCharacters / 2);
}

/** FNV-1a. */
function hash(text: string, at: number, size: number): number {
  let code = 0x811c9dc5;
  for (let index = at; index < at + size; index++) code = Math.imul(code ^ text.charCodeAt(index), 0x01000193) >>> 0;
  // The lower bits of a short text's alone are too regular.
  return (code ^ (code >>> 15)) >>> 0;
}

/** Of length one; what has none stays as it is. */
export function toUnit(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector);
  return length === 0 || !Number.isFinite(length) ? vector : vector.map((each) => each / length);
}

/** The cosine of two of length one. */
export function cosine(left: Float32Array, right: Float32Array): number {
  if (left.length !== right.length) return -1;
  let sum = 0;
  for (let index = 0; index < left.length; index++) sum += left[index]! * right[index]!;
  return Math.min(1, Math.max(-1, sum));
}
