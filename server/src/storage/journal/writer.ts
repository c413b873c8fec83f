import { close, constants, fdatasync, ftruncate, open, write } from "node:fs";
import { rm, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { AppError, type Clock } from "../../core/index.ts";
import { Batch } from "./batch.ts";
import { encodeHeader, maxPayloadBytes, plainName } from "./frame.ts";
import type { NodeFolder } from "./node-folder.ts";
import { createRecordCounter } from "./count-records.ts";
import { segmentPath, syncFolder } from "./segment-files.ts";
import type { JournalConfig, JournalIncident } from "./types.ts";

const openFile = promisify(open);
const writeBytes = promisify(write);
const closeFile = promisify(close);
const truncateFile = promisify(ftruncate);
const syncData = promisify(fdatasync);

/** Up to this many records in the last write, company is not worth waiting for. */
const fewRecords = 4;
/** The part of the last write's records that is waited for. */
const companyShare = 0.75;
const probeBytes = 256 * 1024;
const batchSyncMs = 100;
const diskCheckMs = 1_000;

export interface WriterDeps {
  readonly node: string;
  readonly folder: NodeFolder;
  readonly clock: Clock;
  readonly config: Required<JournalConfig>;
  readonly onIncident: (incident: JournalIncident) => void;
  /** Called after each flush that made records durable. */
  readonly onDurable: () => void;
}

/**
 * Group commit: all records of a moment share one write to a file opened with O_DSYNC (one call instead of write and fdatasync;
 * it costs 120 us of CPU here, so it is worth sharing).
 */
export class JournalWriter {
  refused = 0;
  readonly #deps: WriterDeps;
  readonly #counter = createRecordCounter();
  #batch = new Batch();
  #spare = new Batch();
  #writing: Batch | undefined;
  #file: { descriptor: number; number: number; end: number } | undefined;
  #nextSegment: number;
  #rotationAsked = false;
  #timer: NodeJS.Timeout | undefined;
  /** Written at the end of this turn. */
  #due = false;
  #lastRecords = 0;
  #flushing: Promise<void> | undefined;
  #failure: AppError | undefined;
  #probe: NodeJS.Timeout | undefined;
  #syncTimer: NodeJS.Timeout | undefined;
  #bound: number;
  #diskChecked = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(deps: WriterDeps) {
    this.#deps = deps;
    this.#bound = deps.config.maxBytes;
    this.#nextSegment = deps.folder.firstLive;
  }

  append(type: string, id: string, fields: string): Promise<void> {
    const refusal = this.refusal() ?? refuseRecord(type, id, fields);
    if (refusal !== undefined) {
      this.refused += 1;
      return Promise.reject(refusal);
    }
    const batch = this.#batch;
    batch.add(type, id, fields, this.#counter);
    if (this.#flushing === undefined) this.#plan();
    return batch.done.promise;
  }

  /** Why an append would be refused now. */
  refusal(): AppError | undefined {
    if (this.#closed) return new AppError("evidence_unavailable", "The evidence journal is closed.", { details: { reason: "closed" } });
    if (this.#failure !== undefined) return this.#failure;
    const held = this.#deps.folder.bytes + this.#batch.length + (this.#writing?.length ?? 0);
    if (held < this.#bound) return undefined;
    return new AppError("evidence_unavailable", `The evidence journal holds ${held} bytes, its bound is ${this.#bound}.`, {
      details: { reason: "journal_full", bytes: held, bound: this.#bound },
    });
  }

  /** Ends the segment that holds everything appended before; records that keep coming do not hold it up. */
  async rotate(): Promise<void> {
    const before = this.#batch.records > 0 ? this.#batch.done.promise : this.#flushing;
    // A refusal is its callers' matter; what was not written needs no segment.
    await before?.catch(() => undefined);
    this.#rotationAsked = true;
    while (this.#rotationAsked) await (this.#flushing ?? this.#closeSegment());
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#settle();
    clearTimeout(this.#probe);
    await this.#closeSegment();
  }

  async #settle(): Promise<void> {
    while (this.#flushing !== undefined || this.#batch.records > 0) {
      if (this.#flushing === undefined) this.#flush();
      await this.#flushing;
    }
  }

  /**
   * When to write what is pending. Alone, or nearly: at the end of this turn. Where the last write carried many, as many are on
   * their way again: wait until most of them are here, at most `flushMs`.
   */
  #plan(): void {
    const { flushMs, flushRecords } = this.#deps.config;
    const expected = this.#lastRecords <= fewRecords ? 1 : Math.min(flushRecords, this.#lastRecords * companyShare);
    if (this.#batch.records >= expected) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      if (!this.#due) setImmediate(() => this.#flushPlanned());
      this.#due = true;
    } else {
      this.#timer ??= setTimeout(() => this.#flushPlanned(), flushMs);
    }
  }

  #flushPlanned(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#due = false;
    if (this.#flushing === undefined && this.#batch.records > 0) this.#flush();
  }

  #flush(): void {
    const batch = this.#batch;
    this.#lastRecords = batch.records;
    this.#writing = batch;
    this.#batch = this.#spare;
    this.#flushing = this.#write(batch).then((failure) => {
      const { done } = batch;
      this.#writing = undefined;
      batch.reset();
      this.#spare = batch;
      this.#flushing = undefined;
      if (failure === undefined) done.resolve();
      else done.reject(failure);
      if (failure === undefined) this.#deps.onDurable();
      if (this.#batch.records > 0) this.#plan();
    });
  }

  /** Returns why it failed; then the batch and all that wait behind it are refused. */
  async #write(batch: Batch): Promise<AppError | undefined> {
    try {
      await this.#checkDisk();
      const file = await this.#fileFor(batch.length);
      await writeAll(file.descriptor, batch.bytes, batch.length, file.end);
      file.end += batch.length;
      this.#deps.folder.grow(file.end, batch.begun);
      if (this.#deps.config.sync === "batch") this.#syncLater();
      return undefined;
    } catch (error) {
      const failure = await this.#fail(error);
      this.#rejectWaiting(failure);
      batch.undo(this.#counter);
      this.refused += batch.records;
      return failure;
    }
  }

  /** The open segment, or a new one when there is none, it is full or a rotation was asked for. */
  async #fileFor(length: number): Promise<{ descriptor: number; number: number; end: number }> {
    const { config, folder, node, clock } = this.#deps;
    if (this.#file !== undefined && (this.#rotationAsked || this.#file.end + length > config.segmentBytes)) await this.#closeSegment();
    this.#rotationAsked = false;
    if (this.#file !== undefined) return this.#file;
    const number = this.#nextSegment;
    const flags = constants.O_WRONLY | constants.O_CREAT | (config.sync === "always" ? constants.O_DSYNC : 0);
    const descriptor = await openFile(segmentPath(folder.path, number), flags, 0o600);
    try {
      const header = encodeHeader({ node, segment: number, at: clock.now(), accepted: folder.accepted });
      await writeAll(descriptor, header, header.length, 0);
      // A start that failed half-way may have left bytes here.
      await truncateFile(descriptor, header.length);
      await syncFolder(folder.path);
      this.#file = { descriptor, number, end: header.length };
    } catch (error) {
      await closeFile(descriptor);
      throw error;
    }
    this.#nextSegment = number + 1;
    folder.openSegment(number, this.#file.end);
    return this.#file;
  }

  async #closeSegment(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    this.#rotationAsked = false;
    clearTimeout(this.#syncTimer);
    this.#syncTimer = undefined;
    if (file === undefined) return;
    this.#deps.folder.closeSegment();
    if (this.#deps.config.sync === "batch") await syncData(file.descriptor);
    await closeFile(file.descriptor);
  }

  /** After a failed write: leaves no half frame behind, refuses appends, and tries the disk until it takes bytes again. */
  async #fail(cause: unknown): Promise<AppError> {
    const code = (cause as NodeJS.ErrnoException).code ?? "unknown";
    const diskFull = code === "ENOSPC" || code === "EDQUOT";
    const failure = new AppError("evidence_unavailable", `The evidence journal could not be written (${code}).`, {
      details: { reason: diskFull ? "disk_full" : "write_failed", code, folder: this.#deps.folder.path },
      cause,
    });
    const first = this.#failure === undefined;
    this.#failure = failure;
    if (this.#file !== undefined) {
      // Cut what the write may have left. Where that fails too, the segment is given up: it counts up to its last whole
      // flush, and the next record begins another.
      await truncateFile(this.#file.descriptor, this.#file.end).catch(() => this.#closeSegment().catch(() => undefined));
    }
    if (first) this.#deps.onIncident({ kind: "write_failed", message: failure.message, details: failure.details });
    if (this.#probe === undefined && !this.#closed) this.#probeLater();
    return failure;
  }

  #rejectWaiting(failure: AppError): void {
    const waiting = this.#batch;
    if (waiting.records === 0) return;
    waiting.undo(this.#counter);
    this.refused += waiting.records;
    waiting.done.reject(failure);
    waiting.reset();
  }

  #probeLater(): void {
    this.#probe = setTimeout(() => {
      this.#probe = undefined;
      void this.#tryDisk();
    }, this.#deps.config.probeMs);
    this.#probe.unref();
  }

  async #tryDisk(): Promise<void> {
    const path = join(this.#deps.folder.path, "probe.tmp");
    try {
      await writeFile(path, Buffer.alloc(probeBytes), { flush: true });
      await this.#fileFor(0);
      this.#failure = undefined;
    } catch {
      // Still no room: the failure that was reported stands.
    } finally {
      await rm(path, { force: true }).catch(() => undefined);
    }
    if (this.#failure !== undefined && !this.#closed) this.#probeLater();
  }

  #syncLater(): void {
    if (this.#syncTimer !== undefined || this.#file === undefined) return;
    const { descriptor } = this.#file;
    this.#syncTimer = setTimeout(() => {
      this.#syncTimer = undefined;
      syncData(descriptor).catch((error: unknown) => this.#fail(error));
    }, batchSyncMs);
  }

  /** At most the configured share of what the disk could give us: free space and what we hold already. */
  async #checkDisk(): Promise<void> {
    const now = performance.now();
    if (now - this.#diskChecked < diskCheckMs) return;
    this.#diskChecked = now;
    const { folder, config } = this.#deps;
    const status = await statfs(folder.path);
    this.#bound = Math.min(config.maxBytes, config.maxDiskShare * (status.bavail * status.bsize + folder.bytes));
  }
}

function refuseRecord(type: string, id: string, fields: string): AppError | undefined {
  if (!plainName.test(type) || !plainName.test(id)) {
    return new AppError("internal", `A journal record needs a plain type and id, not ${JSON.stringify(type)} and ${JSON.stringify(id)}.`);
  }
  // UTF-16 code units take at most three bytes in UTF-8.
  if (fields.length * 3 <= maxPayloadBytes) return undefined;
  return new AppError("evidence_unavailable", `A record of ${fields.length} characters is larger than the journal takes.`, {
    details: { reason: "record_too_large" },
  });
}

async function writeAll(descriptor: number, bytes: Buffer, length: number, position: number): Promise<void> {
  let written = 0;
  while (written < length) {
    const { bytesWritten } = await writeBytes(descriptor, bytes, written, length - written, position + written);
    written += bytesWritten;
  }
}
