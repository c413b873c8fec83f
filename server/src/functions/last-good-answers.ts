import type { Clock } from "../core/index.ts";

/** Whose answer to what: nobody gets what another caller was told. */
export interface Question {
  readonly projectId: string;
  readonly principalId: string;
  readonly function: string;
  readonly variant: string;
  readonly inputHash: string;
}

export interface GivenAnswer {
  readonly inferenceId: string;
  readonly binding: string;
  /** JSON text. */
  readonly output: string;
}

/** Answers given, kept in memory for a step that repeats the last good one: bounded by number and bytes, gone with the process. */
export interface LastGoodAnswers {
  /** In place of an earlier one to the same question, for at most so many seconds. */
  keep(question: Question, answer: GivenAnswer, maxAgeSeconds: number): void;
  find(question: Question, maxAgeSeconds: number): (GivenAnswer & { readonly ageSeconds: number }) | undefined;
  /** Its inference was erased. */
  forget(inferenceId: string): void;
  held(): { readonly answers: number; readonly bytes: number };
}

interface Entry extends GivenAnswer {
  readonly at: number;
  readonly expiresAt: number;
  readonly bytes: number;
}

export interface LastGoodBounds {
  readonly maxAnswers: number;
  readonly maxBytes: number;
}

const defaultBounds: LastGoodBounds = { maxAnswers: 10_000, maxBytes: 32 * 1024 * 1024 };
/** Of a key and an entry, roughly, beside their texts. */
const overheadBytes = 300;

export function createLastGoodAnswers(clock: Clock, bounds: LastGoodBounds = defaultBounds): LastGoodAnswers {
  /** Oldest first. */
  const entries = new Map<string, Entry>();
  let bytes = 0;

  function drop(key: string): void {
    bytes -= entries.get(key)?.bytes ?? 0;
    entries.delete(key);
  }

  function makeRoom(): void {
    const now = clock.now();
    for (const [key, entry] of entries) {
      if (entry.expiresAt > now && entries.size <= bounds.maxAnswers && bytes <= bounds.maxBytes) return;
      drop(key);
    }
  }

  return {
    keep(question, answer, maxAgeSeconds) {
      const key = keyOf(question);
      drop(key);
      const size = 2 * (key.length + answer.output.length) + overheadBytes;
      // One that would push out all others is not worth it.
      if (size > bounds.maxBytes / 8) return;
      const at = clock.now();
      entries.set(key, { ...answer, at, expiresAt: at + maxAgeSeconds * 1000, bytes: size });
      bytes += size;
      makeRoom();
    },
    find(question, maxAgeSeconds) {
      makeRoom();
      const entry = entries.get(keyOf(question));
      if (entry === undefined) return undefined;
      const ageSeconds = (clock.now() - entry.at) / 1000;
      if (ageSeconds > maxAgeSeconds) return undefined;
      return { inferenceId: entry.inferenceId, binding: entry.binding, output: entry.output, ageSeconds };
    },
    forget(inferenceId) {
      for (const [key, entry] of entries) if (entry.inferenceId === inferenceId) drop(key);
    },
    held: () => ({ answers: entries.size, bytes }),
  };
}

function keyOf(question: Question): string {
  return `${question.projectId}\n${question.principalId}\n${question.function}\n${question.variant}\n${question.inputHash}`;
}
