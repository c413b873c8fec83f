import { hash, timingSafeEqual } from "node:crypto";
import { createSecretText } from "../core/index.ts";

const keyPattern = /^(mr_[0-9a-f]{12})_([A-Za-z0-9_-]{43})$/;
const tokenPattern = /^([0-9a-f]{12})_([A-Za-z0-9_-]{43})$/;

/** The part that finds a key, and the part that proves it. */
export interface SecretParts {
  readonly lookup: string;
  readonly secret: string;
}

/**
 * Only this hash is stored. One round of SHA-256 is enough, and right on the hot path: the secret is 32 random bytes, so there
 * is no dictionary to try and slow hashes (for passwords people choose) would only slow the server down.
 */
export function hashSecret(secret: string): string {
  return hash("sha256", secret, "hex");
}

/** Compares in constant time, so the time an answer takes says nothing about the hash. */
export function matches(secret: string, storedHash: string): boolean {
  const presented = hash("sha256", secret, "buffer");
  const stored = Buffer.from(storedHash, "hex");
  return stored.length === presented.length && timingSafeEqual(presented, stored);
}

/** The last 12 hex digits of an id: 48 random bits, enough to find a key or session by. */
export function lookupOf(id: string): string {
  return id.slice(-12);
}

/** `mr_<12 hex>_<43 base64url>`: recognisable to people and to secret scanners. */
export function createKeyText(id: string): SecretParts & { text: string } {
  const lookup = `mr_${lookupOf(id)}`;
  const secret = createSecretText(32);
  return { lookup, secret, text: `${lookup}_${secret}` };
}

/** `<12 hex>_<43 base64url>`, for sign-in links and session cookies. */
export function createTokenText(id: string): SecretParts & { text: string } {
  const lookup = lookupOf(id);
  const secret = createSecretText(32);
  return { lookup, secret, text: `${lookup}_${secret}` };
}

function parse(text: string, pattern: RegExp): SecretParts | null {
  const match = pattern.exec(text);
  return match === null ? null : { lookup: match[1]!, secret: match[2]! };
}

/** Null when the text cannot be a key at all. */
export function parseKey(text: string): SecretParts | null {
  return parse(text, keyPattern);
}

/** Null when the text cannot be a token at all. */
export function parseToken(text: string): SecretParts | null {
  return parse(text, tokenPattern);
}
