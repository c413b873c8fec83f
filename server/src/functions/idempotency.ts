import { AppError, type Clock, canonicalJson, sha256 } from "../core/index.ts";

export const idempotencyTtlMs = 24 * 3_600_000;
const maxEntries = 100_000;
const maxAnswerBytes = 64 * 1024 * 1024;

/** An answer kept under a key, as the table holds it. */
export interface StoredAnswer {
  readonly inferenceId: string;
  readonly inputHash: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

export interface IdempotencyStore {
  /** The newest stored keys of the last 24 hours, at most `limit`. */
  recent(limit: number): Promise<(StoredAnswer & { readonly scope: string })[]>;
  find(scope: IdempotencyScope): Promise<StoredAnswer | null>;
  /** The answer's text as it was sent; null when the record is gone. */
  answer(projectId: string, inferenceId: string): Promise<string | null>;
}

export interface IdempotencyScope {
  readonly projectId: string;
  readonly principalId: string;
  readonly function: string;
  readonly key: string;
}

interface Entry {
  readonly inputHash: string;
  readonly expiresAt: number;
  /** Null while it runs. */
  inferenceId: string | null;
  /** Null when it must be read from the table. */
  body: string | null;
}

/** A key this request holds until it is settled. */
export interface Claim {
  keep(inferenceId: string, body: string): void;
  /** The request failed: the key is free again. */
  free(): void;
}

export function scopeText(scope: IdempotencyScope): string {
  return `${scope.projectId}\n${scope.principalId}\n${scope.function}\n${scope.key}`;
}

export function hashInput(input: unknown): string {
  return sha256(canonicalJson(input));
}

/**
 * Idempotency keys per caller and function, for 24 hours. Memory decides; what memory no longer holds (after a restart,
 * past its bound) is read from the table the drain fills. A key seen for the first time costs no read.
 */
export class IdempotencyKeys {
  readonly #entries = new Map<string, Entry>();
  readonly #store: IdempotencyStore;
  readonly #clock: Clock;
  readonly #recovering: () => boolean;
  /** False once memory may lack a key that the table has. */
  #complete = true;
  /** The keys were read while the journal of the last run was: those it still held are in the table only. */
  #readEarly = false;
  #bytes = 0;

  constructor(store: IdempotencyStore, clock: Clock, recovering: () => boolean) {
    this.#store = store;
    this.#clock = clock;
    this.#recovering = recovering;
  }

  /** Takes up the keys an earlier process left. While that one still answers, a key that is unknown here is looked for in the table. */
  async recover({ stillAnswers = false } = {}): Promise<void> {
    const early = this.#recovering();
    const rows = await this.#store.recent(maxEntries);
    this.#complete = rows.length < maxEntries && !stillAnswers && !early;
    // While another process answers, it is for whoever sees its end to read them again.
    this.#readEarly = early && !stillAnswers;
    for (const row of rows.reverse()) {
      if (this.#entries.has(row.scope)) continue;
      this.#entries.set(row.scope, {
        inputHash: row.inputHash,
        expiresAt: row.createdAt + idempotencyTtlMs,
        inferenceId: row.inferenceId,
        body: null,
      });
    }
  }

  /** The claim on a new key, or the answer already given. `idempotency_conflict`, `idempotency_in_progress`. */
  async claim(scope: IdempotencyScope, inputHash: string): Promise<{ claim: Claim } | { answer: string }> {
    const text = scopeText(scope);
    let known = this.#find(text);
    if (known === undefined && this.#mayBeStored()) {
      const stored = await this.#findStored(scope);
      // While the table was read, another request may have taken the key. From here to `#take` nothing waits.
      known = this.#find(text) ?? stored;
    }
    if (known === undefined) return { claim: this.#take(text, inputHash) };
    if (known.inputHash !== inputHash) {
      throw new AppError("idempotency_conflict", `The idempotency key "${scope.key}" was used with another input.`, {
        details: { inferenceId: known.inferenceId },
      });
    }
    if (known.inferenceId === null) throw new AppError("idempotency_in_progress", undefined, { details: { retryAfterSeconds: 1 } });
    const answer = known.body ?? (await this.#store.answer(scope.projectId, known.inferenceId));
    if (answer !== null) return { answer };
    throw new AppError("overloaded", "The first answer is on its way to the database.", {
      details: { inferenceId: known.inferenceId, retryAfterSeconds: 1 },
    });
  }

  size(): number {
    return this.#entries.size;
  }

  #find(text: string): Entry | undefined {
    const entry = this.#entries.get(text);
    if (entry === undefined || entry.expiresAt > this.#clock.now()) return entry;
    this.#drop(text, entry);
    return undefined;
  }

  #mayBeStored(): boolean {
    if (this.#recovering()) {
      throw new AppError("overloaded", "This node is still reading the journal of its last run; answers of that time are not known yet.", {
        details: { retryAfterSeconds: 1 },
      });
    }
    if (this.#readEarly) {
      this.#readEarly = false;
      this.recover().catch(() => (this.#readEarly = true));
    }
    return !this.#complete;
  }

  async #findStored(scope: IdempotencyScope): Promise<Entry | undefined> {
    const stored = await this.#store.find(scope);
    if (stored === null || stored.createdAt + idempotencyTtlMs <= this.#clock.now()) return undefined;
    return { inputHash: stored.inputHash, expiresAt: stored.createdAt + idempotencyTtlMs, inferenceId: stored.inferenceId, body: null };
  }

  #take(text: string, inputHash: string): Claim {
    this.#makeRoom();
    const entry: Entry = { inputHash, expiresAt: this.#clock.now() + idempotencyTtlMs, inferenceId: null, body: null };
    this.#entries.set(text, entry);
    return {
      keep: (inferenceId, body) => {
        entry.inferenceId = inferenceId;
        entry.body = body;
        this.#bytes += body.length;
      },
      free: () => {
        if (this.#entries.get(text) === entry) this.#drop(text, entry);
      },
    };
  }

  #drop(text: string, entry: Entry): void {
    this.#entries.delete(text);
    this.#bytes -= entry.body?.length ?? 0;
  }

  #makeRoom(): void {
    const now = this.#clock.now();
    for (const [text, entry] of this.#entries) {
      const expired = entry.expiresAt <= now;
      if (!expired && this.#entries.size < maxEntries && this.#bytes < maxAnswerBytes) return;
      // One that runs cannot be forgotten: its repeat would run beside it.
      if (entry.inferenceId === null) continue;
      if (!expired) this.#complete = false;
      this.#drop(text, entry);
    }
  }
}
