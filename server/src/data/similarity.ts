/** Characters of a text that count for its similarity; what follows is not read. */
const mostCharacters = 50_000;
const shingleSize = 5;
const bins = 256;
const rowsPerBand = 4;
const bandCount = bins / rowsPerBand;
const emptyBin = 0xffffffff;
/** Rows one bucket may hold: a template that thousands share must not make every pair a candidate. */
const mostInBucket = 64;

/** Lower case, one blank between words: what two texts are compared by. */
export function normalizeText(text: string): string {
  return text.slice(0, mostCharacters).normalize("NFC").toLowerCase().replace(/\s+/gu, " ").trim();
}

/** The hashes of all runs of five characters of a normalized text, sorted, each once. A shorter text is one run. */
export function shingle(text: string): Uint32Array {
  const count = Math.max(1, text.length - shingleSize + 1);
  const hashes = new Uint32Array(count);
  for (let start = 0; start < count; start++) {
    let hash = 0x811c9dc5;
    const end = Math.min(start + shingleSize, text.length);
    for (let index = start; index < end; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
    hashes[start] = mix(hash);
  }
  hashes.sort();
  let size = 0;
  for (let index = 0; index < count; index++) if (index === 0 || hashes[index] !== hashes[index - 1]) hashes[size++] = hashes[index]!;
  return hashes.slice(0, size);
}

/** The finalizer of MurmurHash3: every bit of the input reaches every bit of the output. */
function mix(value: number): number {
  let hash = value;
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Size of the intersection over size of the union, in [0, 1]; both sorted without repeats. */
export function jaccard(a: Uint32Array, b: Uint32Array): number {
  let i = 0;
  let j = 0;
  let common = 0;
  while (i < a.length && j < b.length) {
    const x = a[i]!;
    const y = b[j]!;
    if (x === y) common += 1;
    if (x <= y) i += 1;
    if (y <= x) j += 1;
  }
  return common / (a.length + b.length - common);
}

/**
 * MinHash by one permutation (Li, Owen, Zhang 2012): hashes fall into bins by their upper bits, each bin keeps its smallest.
 * Empty bins take over from a bin chosen by their own number, so that equal sets fill them equally (Shrivastava 2017).
 */
export function minHash(hashes: Uint32Array): Uint32Array {
  const signature = new Uint32Array(bins).fill(emptyBin);
  for (const hash of hashes) {
    const bin = hash >>> 24;
    const value = hash & 0xffffff;
    if (value < signature[bin]!) signature[bin] = value;
  }
  const filled = signature.slice();
  for (let bin = 0; bin < bins; bin++) {
    for (let attempt = 1; filled[bin] === emptyBin; attempt++) filled[bin] = signature[mix(bin * 0x9e3779b1 + attempt) & (bins - 1)]!;
  }
  return filled;
}

export interface Similar<T> {
  readonly item: T;
  /** Jaccard similarity of the two sets. */
  readonly similarity: number;
}

export interface SimilarityIndex<T> {
  /** The most similar item added so far that is at least `threshold` similar, and accepted. */
  find(hashes: Uint32Array, accepts?: (similar: Similar<T>) => boolean): Similar<T> | null;
  add(item: T, hashes: Uint32Array): void;
}

interface Entry<T> {
  readonly item: T;
  readonly hashes: Uint32Array;
}

/**
 * Finds near duplicates without comparing all pairs: 64 bands of 4 bins propose candidates (a pair of similarity 0.7 is
 * missed once in 10^7), and the true similarity of the sets decides.
 */
export function createSimilarityIndex<T>(threshold: number): SimilarityIndex<T> {
  const bands: Map<number, Entry<T>[]>[] = Array.from({ length: bandCount }, () => new Map());

  // What was looked for and not found is added next, as a rule.
  let latest: { readonly hashes: Uint32Array; readonly keys: readonly number[] } | null = null;

  function bucketKeys(hashes: Uint32Array): readonly number[] {
    if (latest?.hashes === hashes) return latest.keys;
    const signature = minHash(hashes);
    const keys = bands.map((_, band) => {
      let key = 0x811c9dc5;
      for (let row = 0; row < rowsPerBand; row++) key = mix(Math.imul(key ^ signature[band * rowsPerBand + row]!, 0x01000193));
      return key;
    });
    latest = { hashes, keys };
    return keys;
  }

  return {
    find(hashes, accepts = () => true) {
      const tried = new Set<Entry<T>>();
      let best: Similar<T> | null = null;
      for (const [band, key] of bucketKeys(hashes).entries()) {
        for (const entry of bands[band]!.get(key) ?? []) {
          if (tried.has(entry)) continue;
          tried.add(entry);
          // Sizes alone bound the similarity from above.
          const bound = Math.min(hashes.length, entry.hashes.length) / Math.max(hashes.length, entry.hashes.length);
          if (bound < threshold) continue;
          const similarity = jaccard(hashes, entry.hashes);
          if (similarity < threshold || similarity <= (best?.similarity ?? 0)) continue;
          const similar = { item: entry.item, similarity };
          if (accepts(similar)) best = similar;
        }
      }
      return best;
    },
    add(item, hashes) {
      const entry = { item, hashes };
      for (const [band, key] of bucketKeys(hashes).entries()) {
        const bucket = bands[band]!.get(key);
        if (bucket === undefined) bands[band]!.set(key, [entry]);
        else if (bucket.length < mostInBucket) bucket.push(entry);
      }
    },
  };
}
