import { link, rename, rm } from "node:fs/promises";
import { AppError } from "../../core/index.ts";
import { damagedType, frameHeaderBytes, sealFrame } from "./frame.ts";
import type { Gap } from "./scan-segment.ts";
import { replaceFile, segmentPath, syncFolder } from "./segment-files.ts";

/** How many records a gap held: exact while the lengths in it are intact, otherwise 1 (the next segment's header corrects it). */
export function countLost(bytes: Buffer, gap: Gap): number {
  let offset = gap.start;
  let lost = 0;
  while (offset + frameHeaderBytes <= gap.end) {
    offset += frameHeaderBytes + bytes.readUInt32LE(offset);
    lost += 1;
  }
  return offset === gap.end ? lost : 1;
}

/**
 * Sets a damaged segment aside as `<segment>.damaged` and puts a copy in its place in which every gap is one frame that
 * says so. Offsets stay what they were, and every valid record is still drained.
 */
export async function repairSegment(folder: string, segment: number, bytes: Buffer, gaps: readonly Gap[]): Promise<void> {
  const path = segmentPath(folder, segment);
  const repaired = Buffer.from(bytes);
  for (const gap of gaps) markGap(repaired, gap);
  const aside = path.replace(/\.log$/, ".damaged");
  await rm(aside, { force: true });
  await link(path, aside).catch(async () => rename(path, aside)); // Some file systems have no links.
  await replaceFile(path, repaired);
  await syncFolder(folder);
}

function markGap(bytes: Buffer, gap: Gap): void {
  const mark = JSON.stringify({ v: 1, type: damagedType, lost: countLost(bytes, gap) });
  if (gap.end - gap.start - frameHeaderBytes < mark.length) {
    throw new AppError("internal", `A damaged stretch of ${gap.end - gap.start} bytes is smaller than any frame.`, { details: { ...gap } });
  }
  bytes.fill(" ", gap.start + frameHeaderBytes, gap.end, "latin1");
  bytes.write(mark, gap.start + frameHeaderBytes, "latin1");
  sealFrame(bytes, gap.start, gap.end);
}
