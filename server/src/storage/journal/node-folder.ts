import { readFile, rm } from "node:fs/promises";
import type { Clock } from "../../core/index.ts";
import { type Checkpoint, writeCheckpoint } from "./checkpoint.ts";
import type { Ownership } from "./own-folder.ts";
import type { Recovery } from "./recover-folder.ts";
import { createRecordCounter } from "./count-records.ts";
import { repairSegment } from "./repair-segment.ts";
import { scanSegment } from "./scan-segment.ts";
import { segmentPath } from "./segment-files.ts";
import type { JournalIncident, JournalPosition } from "./types.ts";

/** Where the drain goes on: at frames, at the next segment, or nowhere yet. */
export type NextFrames =
  | { readonly kind: "frames"; readonly path: string; readonly offset: number; readonly available: number }
  | { readonly kind: "moved"; readonly next: JournalPosition }
  | { readonly kind: "nothing" };

interface Segment {
  readonly number: number;
  /** Bytes that are durable; the writer moves it. */
  end: number;
}

/** One node's folder: its segments, how far they are drained, and the counts that follow from both. */
export class NodeFolder {
  readonly path: string;
  /** The first segment this process writes. Records open when it is reached were cut by a crash. */
  readonly firstLive: number;
  accepted: number;
  checkpoint: Checkpoint;
  /** Bytes of all segments. */
  bytes = 0;
  released = false;
  readonly #segments: Segment[];
  readonly #ownership: Ownership;
  readonly #clock: Clock;
  /** When records were accepted: (count so far, time), at most one entry per 100 ms. */
  readonly #marks: { upTo: number; at: number }[];
  #live = false;

  constructor(path: string, recovery: Recovery, deps: { ownership: Ownership; clock: Clock }) {
    this.path = path;
    this.firstLive = recovery.nextSegment;
    this.accepted = recovery.accepted;
    this.checkpoint = recovery.checkpoint;
    this.#segments = recovery.segments.map(({ segment, size }) => ({ number: segment, end: size }));
    this.#marks =
      recovery.accepted > recovery.checkpoint.stored + recovery.checkpoint.rejected
        ? [{ upTo: recovery.accepted, at: recovery.oldestAt }]
        : [];
    for (const { end } of this.#segments) this.bytes += end;
    this.#ownership = deps.ownership;
    this.#clock = deps.clock;
  }

  get backlog(): number {
    return this.accepted - this.checkpoint.stored - this.checkpoint.rejected;
  }

  get oldestAgeMs(): number {
    const done = this.checkpoint.stored + this.checkpoint.rejected;
    while (this.#marks.length > 0 && this.#marks[0]!.upTo <= done) this.#marks.shift();
    return this.#marks.length === 0 ? 0 : Math.max(0, this.#clock.now() - this.#marks[0]!.at);
  }

  /** The writer began a segment: it grows until `closeSegment`. */
  openSegment(number: number, end: number): void {
    this.#segments.push({ number, end });
    this.bytes += end;
    this.#live = true;
  }

  /** The writer made bytes and records of the last segment durable. */
  grow(end: number, records: number): void {
    const segment = this.#segments.at(-1)!;
    this.bytes += end - segment.end;
    segment.end = end;
    this.accepted += records;
    const now = this.#clock.now();
    const last = this.#marks.at(-1);
    if (last !== undefined && now - last.at < 100) last.upTo = this.accepted;
    else this.#marks.push({ upTo: this.accepted, at: now });
  }

  closeSegment(): void {
    this.#live = false;
  }

  /** What stands after the checkpoint. */
  next(): NextFrames {
    const { segment, offset } = this.checkpoint;
    const index = this.#segments.findIndex(({ number }) => number >= segment);
    if (index === -1) {
      const next = { segment: Math.max(segment, this.firstLive), offset: segment < this.firstLive ? 0 : offset };
      return next.segment === segment ? { kind: "nothing" } : { kind: "moved", next };
    }
    const current = this.#segments[index]!;
    if (current.number > segment) return { kind: "moved", next: { segment: current.number, offset: 0 } };
    if (offset >= current.end) {
      if (this.#live && index === this.#segments.length - 1) return { kind: "nothing" };
      return { kind: "moved", next: { segment: segment + 1, offset: 0 } };
    }
    return { kind: "frames", path: segmentPath(this.path, segment), offset, available: current.end - offset };
  }

  /** Damage that came after the start: the stretch at the checkpoint holds no valid frame. Only for segments nobody writes. */
  async repair(onIncident: (incident: JournalIncident) => void): Promise<void> {
    const segment = this.#segments.find(({ number }) => number === this.checkpoint.segment);
    if (segment === undefined) return;
    const bytes = (await readFile(segmentPath(this.path, segment.number))).subarray(0, segment.end);
    const scan = scanSegment(bytes, bytes.length, createRecordCounter());
    const gaps = scan.end < bytes.length ? [...scan.gaps, { start: scan.end, end: bytes.length }] : scan.gaps;
    await repairSegment(this.path, segment.number, bytes, gaps);
    onIncident({
      kind: "segment_damaged",
      message: `Segment ${segment.number} of the journal in ${this.path} was damaged; a copy stands beside it.`,
      details: { folder: this.path, segment: segment.number, gaps },
    });
  }

  /** Makes progress durable, then removes the segments that are done. */
  async commit(next: Checkpoint): Promise<void> {
    await writeCheckpoint(this.path, next);
    this.checkpoint = next;
    while (this.#segments.length > 0 && this.#segments[0]!.number < next.segment) {
      const { number, end } = this.#segments.shift()!;
      this.bytes -= end;
      await rm(segmentPath(this.path, number), { force: true });
    }
  }

  /** Gives the folder free. Its counts stay as they are. */
  async release(): Promise<void> {
    if (this.released) return;
    this.released = true;
    await this.#ownership.release();
  }
}
