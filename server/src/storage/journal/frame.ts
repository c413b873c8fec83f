import { crc32c } from "./crc32c.ts";

/** A frame: payload length (u32 LE), CRC-32C of the payload (u32 LE), payload (JSON, `{"v":1,"type":...`). */
export const frameHeaderBytes = 8;
/** A longer payload is refused on writing and taken for damage on reading. */
export const maxPayloadBytes = 32 * 1024 * 1024;

const payloadStart = Buffer.from('{"v":1,"type":"', "latin1");

/** What a type or id may be made of: nothing that JSON escapes, and short enough to be found without parsing. */
export const plainName = /^[A-Za-z0-9._:-]{1,150}$/;

/** The text in front of a record's own fields: `type` and `id` are plain names. */
export function payloadPrefix(type: string, id: string): string {
  return `{"v":1,"type":"${type}","id":"${id}"`;
}

export function sealFrame(bytes: Buffer, start: number, end: number): void {
  const payload = start + frameHeaderBytes;
  bytes.writeUInt32LE(end - payload, start);
  bytes.writeUInt32LE(crc32c(bytes, payload, end), start + 4);
}

export function encodeFrame(json: string): Buffer {
  const frame = Buffer.allocUnsafe(frameHeaderBytes + Buffer.byteLength(json));
  frame.write(json, frameHeaderBytes);
  sealFrame(frame, 0, frame.length);
  return frame;
}

export type FrameAt =
  | { readonly kind: "frame"; readonly start: number; readonly end: number }
  /** The buffer ends before the frame does; `needed` counts from the frame's start. */
  | { readonly kind: "short"; readonly needed: number }
  | { readonly kind: "bad" };

/** Looks at the frame that starts at `offset`. */
export function frameAt(bytes: Buffer, offset: number): FrameAt {
  if (offset + frameHeaderBytes > bytes.length) return { kind: "short", needed: frameHeaderBytes };
  const length = bytes.readUInt32LE(offset);
  // Length 0 with checksum 0 is what a hole in a file looks like, so an empty payload is never valid.
  if (length === 0 || length > maxPayloadBytes) return { kind: "bad" };
  const start = offset + frameHeaderBytes;
  const end = start + length;
  if (end > bytes.length) return { kind: "short", needed: frameHeaderBytes + length };
  return crc32c(bytes, start, end) === bytes.readUInt32LE(offset + 4) ? { kind: "frame", start, end } : { kind: "bad" };
}

/** The offset of the next whole, correct frame at or after `from`, or -1. */
export function findFrame(bytes: Buffer, from: number): number {
  let candidate = bytes.indexOf(payloadStart, from + frameHeaderBytes);
  while (candidate !== -1) {
    const offset = candidate - frameHeaderBytes;
    if (frameAt(bytes, offset).kind === "frame") return offset;
    candidate = bytes.indexOf(payloadStart, candidate + 1);
  }
  return -1;
}

/** Type and id of a payload without parsing it: both stand in front. */
export function peekPayload(bytes: Buffer, start: number, end: number): { type: string; id: string } {
  const head = bytes.toString("latin1", start + payloadStart.length, Math.min(end, start + 400));
  const typeEnd = head.indexOf('"');
  const type = head.slice(0, typeEnd);
  const idStart = typeEnd + '","id":"'.length;
  return { type, id: head.startsWith('","id":"', typeEnd) ? head.slice(idStart, head.indexOf('"', idStart)) : "" };
}

export const segmentType = "journal.segment";
export const damagedType = "journal.damaged";

/** The first frame of every segment. */
export interface SegmentHeader {
  readonly node: string;
  readonly segment: number;
  /** When it was begun. */
  readonly at: number;
  /** Records accepted before it: what is missing from the segments before shows as a difference. */
  readonly accepted: number;
}

export function encodeHeader(header: SegmentHeader): Buffer {
  return encodeFrame(JSON.stringify({ v: 1, type: segmentType, ...header }));
}
