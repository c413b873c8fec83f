import { damagedType, findFrame, frameAt, type SegmentHeader, segmentType, peekPayload } from "./frame.ts";
import type { RecordCounter } from "./count-records.ts";

export interface Gap {
  readonly start: number;
  readonly end: number;
}

export interface SegmentScan {
  readonly header: SegmentHeader | undefined;
  /** Records that begin in this segment at or after the offset asked for. */
  readonly records: number;
  /** Records known to be lost in gaps that were marked before. */
  readonly lost: number;
  /** Stretches that hold no valid frame but are followed by one. */
  readonly gaps: readonly Gap[];
  /** Where the last valid frame ends. */
  readonly end: number;
}

/** Reads a whole segment: what it counts, where it is damaged, where its valid part ends. Counting starts at `from`. */
export function scanSegment(bytes: Buffer, from: number, counter: RecordCounter): SegmentScan {
  const gaps: Gap[] = [];
  let header: SegmentHeader | undefined;
  let records = 0;
  let lost = 0;
  let offset = 0;
  let end = 0;
  while (offset < bytes.length) {
    const frame = frameAt(bytes, offset);
    if (frame.kind !== "frame") {
      const next = findFrame(bytes, offset + 1);
      if (next === -1) break;
      gaps.push({ start: offset, end: next });
      offset = next;
      continue;
    }
    const { type, id } = peekPayload(bytes, frame.start, frame.end);
    if (type === segmentType) header = JSON.parse(bytes.toString("utf8", frame.start, frame.end)) as SegmentHeader;
    else if (offset >= from && type === damagedType)
      lost += (JSON.parse(bytes.toString("utf8", frame.start, frame.end)) as { lost: number }).lost;
    else if (offset >= from) records += counter.count(type, id);
    offset = frame.end;
    end = offset;
  }
  return { header, records, lost, gaps, end };
}
