import { open } from "node:fs/promises";
import type { Checkpoint } from "./checkpoint.ts";
import { frameAt, frameHeaderBytes } from "./frame.ts";
import { interruptedRecords, readRecords } from "./read-records.ts";
import { readAt } from "./segment-files.ts";
import { storeRecords } from "./store-records.ts";
import type { DrainSink, DrainStore } from "./types.ts";

/** Frames of a segment that are to be carried to SQL: where they begin, and how far the file is durable. */
export interface FrameRange {
  readonly path: string;
  readonly offset: number;
  /** Durable bytes after the offset. */
  readonly available: number;
  readonly maxRecords: number;
  readonly maxBytes: number;
}

/** One batch: plain JSON, so that it may be carried out by another process that sees the same files. */
export interface CarryJob {
  /** Null: the records that stand open are stored as interrupted. */
  readonly frames: FrameRange | null;
  readonly checkpoint: Pick<Checkpoint, "stored" | "rejected" | "open">;
}

/** What became of a batch. Nothing of it counts before the checkpoint says so; the same batch may come again. */
export interface CarryResult {
  /** Bytes carried; 0 when no valid frame stands at the offset. */
  readonly bytes: number;
  readonly stored: number;
  /** Entries for `rejected.log`. */
  readonly rejected: readonly { readonly id: string | null; readonly reason: string; readonly entry: unknown }[];
  /** Payloads of records still open after these. */
  readonly open: readonly string[];
  /** Records that damage took. */
  readonly lost: number;
}

/** Reads a batch from the journal's files and stores it. The costly part of a drain: parsing and SQL. */
export interface Carrier {
  /** Throws what is transient; the same job comes again then. */
  carry(job: CarryJob): Promise<CarryResult>;
  close(): Promise<void>;
}

export interface CarrierDeps<Tx> {
  readonly sql: DrainStore<Tx>;
  readonly sinks: readonly DrainSink<Tx>[];
}

/** Carries batches in this process. */
export function createCarrier<Tx>(deps: CarrierDeps<Tx>): Carrier {
  const sinks = new Map(deps.sinks.map((sink) => [sink.type, sink]));
  return {
    async carry({ frames, checkpoint }) {
      const { payloads, bytes } = frames === null ? { payloads: [], bytes: 0 } : await readFrames(frames);
      const read =
        frames === null
          ? { records: interruptedRecords(checkpoint.open), unreadable: [], open: [], lost: 0 }
          : readRecords(payloads, checkpoint);
      const rejected = read.records.length === 0 ? [] : await storeRecords(read.records, sinks, deps.sql);
      return {
        bytes,
        stored: read.records.length - rejected.length,
        rejected: [
          ...read.unreadable.map((payload) => {
            const reason = "The record is not JSON.";
            return { id: null, reason, entry: { code: "invalid_json", reason, payload } };
          }),
          ...rejected.map(({ record, code, reason }) => ({ id: record.id, reason, entry: { code, reason, record: record.record } })),
        ],
        open: read.open,
        lost: read.lost,
      };
    },
    close: async () => {},
  };
}

/** The payloads from the offset on, as many as the bounds allow, at least one if there is one. */
async function readFrames({ path, offset, available, maxRecords, maxBytes }: FrameRange): Promise<{ payloads: string[]; bytes: number }> {
  const handle = await open(path, "r");
  try {
    let bytes = await readAt(handle, offset, Math.min(available, maxBytes));
    const first = frameAt(bytes, 0);
    if (first.kind === "short" && first.needed <= available) bytes = await readAt(handle, offset, first.needed);
    const payloads: string[] = [];
    let position = 0;
    while (payloads.length < maxRecords && position + frameHeaderBytes <= bytes.length) {
      const frame = frameAt(bytes, position);
      if (frame.kind !== "frame") break;
      payloads.push(bytes.toString("utf8", frame.start, frame.end));
      position = frame.end;
    }
    return { payloads, bytes: position };
  } finally {
    await handle.close();
  }
}
