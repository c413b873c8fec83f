import { closeSync, ftruncateSync, openSync, writeSync } from "node:fs";

/** Thrown by `write` past the bound. */
export class OutputFull extends Error {}

const bufferedBytes = 1024 * 1024;

/** JSON lines into one file, whose end can be taken back: a file is taken whole or not at all. For task processes, where waiting for the disk delays nobody. */
export class RowWriter {
  readonly #file: number;
  readonly #maxBytes: number;
  #size: number;
  #rows = 0;
  #held: string[] = [];
  #heldBytes = 0;
  /** The file's name, where rows are to say where they come from. */
  origin: string | null = null;

  /** Goes on behind the first `size` bytes of the file. */
  constructor(path: string, options: { readonly size: number; readonly maxBytes: number }) {
    this.#file = openSync(path, options.size === 0 ? "w" : "r+");
    this.#maxBytes = options.maxBytes;
    this.#size = options.size;
    ftruncateSync(this.#file, options.size);
  }

  /** Bytes of whole rows, those not yet on disk among them. */
  get size(): number {
    return this.#size + this.#heldBytes;
  }

  get rows(): number {
    return this.#rows;
  }

  /** One JSON object, and the row of the file it stood in. `OutputFull` */
  write(object: string, at: number): void {
    const row = this.origin === null ? object : withOrigin(object, this.origin, at);
    const bytes = Buffer.byteLength(row) + 1;
    if (this.size + bytes > this.#maxBytes) throw new OutputFull();
    this.#held.push(row, "\n");
    this.#heldBytes += bytes;
    this.#rows += 1;
    if (this.#heldBytes >= bufferedBytes) this.flush();
  }

  flush(): void {
    if (this.#heldBytes === 0) return;
    const bytes = Buffer.from(this.#held.join(""));
    let written = 0;
    while (written < bytes.length) written += writeSync(this.#file, bytes, written, bytes.length - written, this.#size + written);
    this.#size += bytes.length;
    this.#held = [];
    this.#heldBytes = 0;
  }

  /** Takes back all behind `size` and `rows`, as they were read from here before. */
  rollBack(to: { readonly size: number; readonly rows: number }): void {
    this.flush();
    ftruncateSync(this.#file, to.size);
    this.#size = to.size;
    this.#rows = to.rows;
  }

  close(): void {
    this.flush();
    closeSync(this.#file);
  }
}

/** The object with `source_file` and `source_row` at its end, where they win over others of the name. */
function withOrigin(object: string, file: string, row: number): string {
  const comma = /^\{\s*\}$/.test(object) ? "" : ",";
  return `${object.slice(0, -1)}${comma}"source_file":${JSON.stringify(file)},"source_row":${row}}`;
}
