/** How often each three characters in a row occur in a text. */
export interface Trigrams {
  readonly counts: ReadonlyMap<string, number>;
  readonly length: number;
}

/** Of a text's beginning: what comes after it decides no more. */
const mostCharacters = 8000;

export function trigramsOf(text: string): Trigrams {
  const words = text
    .slice(0, mostCharacters)
    .toLowerCase()
    .normalize("NFKC")
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== "");
  const plain = ` ${words.join(" ")} `;
  const counts = new Map<string, number>();
  if (words.length > 0)
    for (let index = 0; index + 3 <= plain.length; index++) {
      const three = plain.slice(index, index + 3);
      counts.set(three, (counts.get(three) ?? 0) + 1);
    }
  return { counts, length: Math.hypot(...counts.values()) };
}

/** The cosine between two texts: 0 where they share nothing, 1 where they are the same words in the same order. */
export function similarityOf(left: Trigrams, right: Trigrams): number {
  if (left.length === 0 || right.length === 0) return 0;
  const [few, many] = left.counts.size < right.counts.size ? [left, right] : [right, left];
  let shared = 0;
  for (const [three, count] of few.counts) shared += count * (many.counts.get(three) ?? 0);
  return Math.min(1, shared / (left.length * right.length));
}
