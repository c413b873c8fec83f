/** What is known of a waiting request when batches are put together. */
export interface Waiting {
  /** The model file. */
  readonly hash: string;
  /** Of its longest input. */
  readonly characters: number;
}

export interface BatchBounds {
  readonly rows: number;
  /** Rows times the longest: what a batch costs, since short texts are padded to the longest. */
  readonly characters: number;
}

/** Padding that is cheaper than another run. */
const freePadding = 2048;

/**
 * Takes the next batch out of the queue: its head and, in order, those of the same model that fit with it without more padding
 * than text. The head always goes, so nothing waits forever.
 */
export function takeBatch<T extends Waiting>(queue: T[], bounds: BatchBounds): T[] {
  const head = queue[0];
  if (head === undefined) return [];
  const batch: T[] = [];
  const left: T[] = [];
  let longest = 0;
  let sum = 0;
  for (const waiting of queue) {
    const padded = Math.max(longest, waiting.characters) * (batch.length + 1);
    const text = sum + waiting.characters;
    const fits =
      waiting.hash === head.hash && batch.length < bounds.rows && padded <= bounds.characters && padded <= 2 * text + freePadding;
    if (batch.length === 0 || fits) {
      batch.push(waiting);
      longest = Math.max(longest, waiting.characters);
      sum = text;
    } else {
      left.push(waiting);
    }
  }
  queue.length = 0;
  queue.push(...left);
  return batch;
}
