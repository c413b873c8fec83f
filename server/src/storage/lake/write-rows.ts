import { type FileHandle, open } from "node:fs/promises";
import type { LakeValue } from "./types.ts";

export interface ResultRows {
  /** The rows, when they are few. */
  readonly rows?: Record<string, LakeValue>[];
  /** Otherwise a file with one JSON object a line. */
  readonly file?: string;
}

/** Above this, rows travel through a file: messages between processes are copied several times and hold the event loop. */
const mostInMessage = 10 * 1024 * 1024;

/** Collects rows for the parent process: in the message while they are small, in a file from then on. */
export class RowSink {
  readonly #path: string;
  #rows: Record<string, LakeValue>[] = [];
  #bytes = 0;
  #handle: FileHandle | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  async add(rows: Record<string, LakeValue>[]): Promise<void> {
    const text = rows.map((row) => `${JSON.stringify(row)}\n`).join("");
    this.#bytes += text.length;
    if (this.#handle !== undefined) {
      await this.#handle.writeFile(text);
      return;
    }
    for (const row of rows) this.#rows.push(row);
    if (this.#bytes <= mostInMessage) return;
    this.#handle = await open(this.#path, "wx", 0o600);
    for (let start = 0; start < this.#rows.length; start += 1000) {
      await this.#handle.writeFile(
        this.#rows
          .slice(start, start + 1000)
          .map((row) => `${JSON.stringify(row)}\n`)
          .join(""),
      );
    }
    this.#rows = [];
  }

  async finish(): Promise<ResultRows> {
    if (this.#handle === undefined) return { rows: this.#rows };
    await this.#handle.close();
    return { file: this.#path };
  }
}
