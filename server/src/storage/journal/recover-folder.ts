import { readFile, rm, truncate } from "node:fs/promises";
import { join } from "node:path";
import { type Checkpoint, readCheckpoint } from "./checkpoint.ts";
import { createRecordCounter, type RecordCounter } from "./count-records.ts";
import { peekPayload } from "./frame.ts";
import { countLost, repairSegment } from "./repair-segment.ts";
import { type Gap, scanSegment, type SegmentScan } from "./scan-segment.ts";
import { listSegments, segmentPath } from "./segment-files.ts";
import type { JournalIncident } from "./types.ts";

/** What a node's folder holds after a start: torn tail cut, damaged segments repaired, records counted. */
export interface Recovery {
  readonly checkpoint: Checkpoint;
  readonly segments: readonly { segment: number; size: number }[];
  readonly accepted: number;
  readonly nextSegment: number;
  /** When the oldest segment was begun. */
  readonly oldestAt: number;
}

interface Progress {
  accepted: number;
  oldestAt: number;
  readonly counter: RecordCounter;
}

/** Brings a folder into a state where every segment is whole frames. Run by its owner before anything is read or written. */
export async function recoverFolder(folder: string, onIncident: (incident: JournalIncident) => void): Promise<Recovery> {
  const found = await listSegments(folder);
  const checkpoint = (await readCheckpoint(folder)) ?? (await guessCheckpoint(folder, found[0]?.segment));
  const progress: Progress = {
    accepted: checkpoint.stored + checkpoint.rejected + checkpoint.open.length,
    oldestAt: Number.POSITIVE_INFINITY,
    counter: createRecordCounter(checkpoint.open.map(payloadId)),
  };
  const segments: { segment: number; size: number }[] = [];
  for (const { segment } of found) {
    if (segment < checkpoint.segment) {
      await rm(segmentPath(folder, segment), { force: true });
      continue;
    }
    const from = segment === checkpoint.segment ? checkpoint.offset : 0;
    const size = await recoverSegment({ folder, segment, from, last: segment === found.at(-1)!.segment }, progress, onIncident);
    if (size > 0) segments.push({ segment, size });
  }
  const nextSegment = Math.max((found.at(-1)?.segment ?? 0) + 1, checkpoint.segment);
  return { checkpoint, segments, accepted: progress.accepted, nextSegment, oldestAt: progress.oldestAt };
}

async function recoverSegment(
  place: { folder: string; segment: number; from: number; last: boolean },
  progress: Progress,
  onIncident: (incident: JournalIncident) => void,
): Promise<number> {
  const { folder, segment, from, last } = place;
  const bytes = await readFile(segmentPath(folder, segment));
  const scan = scanSegment(bytes, from, progress.counter);
  const gaps = last ? scan.gaps : [...scan.gaps, ...tailGap(scan, bytes.length)];
  const missing = from === 0 && scan.header !== undefined ? Math.max(0, scan.header.accepted - progress.accepted) : 0;
  const lost = gaps.reduce((sum, gap) => sum + (gap.start >= from ? countLost(bytes, gap) : 0), 0);
  progress.accepted += missing + scan.records + scan.lost + lost;
  progress.oldestAt = Math.min(progress.oldestAt, scan.header?.at ?? Number.POSITIVE_INFINITY);
  if (gaps.length > 0) await repairSegment(folder, segment, bytes, gaps);
  if (gaps.length > 0 || missing > 0) {
    onIncident({
      kind: "segment_damaged",
      message: `Segment ${segment} of the journal in ${folder} was damaged; a copy stands beside it.`,
      details: { folder, segment, gaps, lostRecords: lost, missingBefore: missing },
    });
  }
  if (!last || scan.end === bytes.length) return bytes.length;
  // The torn tail: a write that was cut, for which nobody was told "done".
  if (scan.end === 0) await rm(segmentPath(folder, segment), { force: true });
  else await truncate(segmentPath(folder, segment), scan.end);
  return scan.end;
}

function tailGap(scan: SegmentScan, size: number): Gap[] {
  return scan.end < size ? [{ start: scan.end, end: size }] : [];
}

function payloadId(payload: string): string {
  const bytes = Buffer.from(payload);
  return peekPayload(bytes, 0, bytes.length).id;
}

/** Without a checkpoint: everything that is there is to be drained; what went before is in the first header. */
async function guessCheckpoint(folder: string, segment: number | undefined): Promise<Checkpoint> {
  if (segment === undefined) return { segment: 1, offset: 0, stored: 0, rejected: 0, open: [] };
  const bytes = await readFile(segmentPath(folder, segment));
  const before = scanSegment(bytes, 0, createRecordCounter()).header?.accepted ?? 0;
  const log = await readFile(join(folder, "rejected.log"), "utf8").catch(() => "");
  const rejected = Math.min(before, log.split("\n").length - 1);
  return { segment, offset: 0, stored: before - rejected, rejected, open: [] };
}
