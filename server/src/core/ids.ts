import { createHash, randomBytes } from "node:crypto";
import { type Clock, systemClock } from "./clock.ts";

let lastTime = 0;
let sequence = 0;
let pool = randomBytes(4096);
let offset = 0;

function randomChunk(size: number): Buffer {
  if (offset + size > pool.length) {
    pool = randomBytes(4096);
    offset = 0;
  }
  offset += size;
  return pool.subarray(offset - size, offset);
}

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/**
 * A UUIDv7 (RFC 9562, 5.7), strictly increasing within this process: the 12 bits of `rand_a` count within a
 * millisecond (method 1), and a clock that steps back keeps the last millisecond.
 */
export function createId(clock: Clock = systemClock): string {
  const now = clock.now();
  if (now > lastTime) {
    lastTime = now;
    sequence = randomChunk(1)[0]!;
  } else if (++sequence > 0xfff) {
    lastTime += 1;
    sequence = 0;
  }
  const bytes = randomChunk(8);
  const time = lastTime.toString(16).padStart(12, "0");
  const tail = (7 << 12) | sequence;
  const b = (index: number) => hex[bytes[index]!]!;
  const variant = hex[0x80 | (bytes[0]! & 0x3f)]!;
  return `${time.slice(0, 8)}-${time.slice(8)}-${tail.toString(16)}-${variant}${b(1)}-${b(2)}${b(3)}${b(4)}${b(5)}${b(6)}${b(7)}`;
}

/** The smallest UUIDv7 of a moment: a bound for ranges of ids. */
export function idBound(time: number): string {
  const digits = Math.max(0, Math.floor(time)).toString(16).padStart(12, "0");
  return `${digits.slice(0, 8)}-${digits.slice(8)}-7000-8000-000000000000`;
}

/** Milliseconds since the epoch at which a UUIDv7 was made. */
export function idTime(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function isId(text: string): boolean {
  return uuidPattern.test(text);
}

/** Unguessable text for keys and tokens: `size` random bytes as base64url. */
export function createSecretText(size = 32): string {
  return randomBytes(size).toString("base64url");
}

/** Lower-case hex SHA-256. */
export function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

/** A UUID (version 8 layout) derived from a hash of the parts: the same parts give the same id. */
export function derivedId(...parts: string[]): string {
  const digest = sha256(JSON.stringify(parts));
  const variant = ((Number.parseInt(digest.slice(16, 18), 16) & 0x3f) | 0x80).toString(16);
  return `${digest.slice(0, 8)}-${digest.slice(8, 12)}-8${digest.slice(13, 16)}-${variant}${digest.slice(18, 20)}-${digest.slice(20, 32)}`;
}
