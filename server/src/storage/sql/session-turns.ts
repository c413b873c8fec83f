import { AppError } from "../../core/index.ts";

interface Waiting<C> {
  readonly client: C;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Who holds the one session of the embedded store; the others wait in order. */
export class SessionTurns<C> {
  #holder: C | undefined;
  #waiting: Waiting<C>[] = [];
  #closed = false;

  get waiting(): number {
    return this.#waiting.length;
  }

  async take(client: C): Promise<void> {
    if (this.#closed) throw closedError();
    if (this.#holder === undefined) {
      this.#holder = client;
      return;
    }
    await new Promise<void>((resolve, reject) => this.#waiting.push({ client, resolve, reject }));
  }

  give(client: C): void {
    if (this.#holder !== client) return;
    const next = this.#waiting.shift();
    this.#holder = next?.client;
    next?.resolve();
  }

  /** Refuses those who wait and all who come. */
  close(): void {
    this.#closed = true;
    for (const { reject } of this.#waiting) reject(closedError());
    this.#waiting = [];
  }
}

function closedError(): AppError {
  return new AppError("database_unavailable", "The embedded database is closed.");
}
