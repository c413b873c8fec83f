import type { AuditEntry } from "@millrace/contract";
import { canonicalJson, createSecretText, idTime, sha256 } from "../core/index.ts";
import { type Hash, hashLeaf } from "./merkle.ts";

/** A value kept as a salted hash, for the proof, beside plain text and salt that can be erased without touching the proof. */
export interface SealedValue {
  readonly hash: string | null;
  readonly salt: string | null;
  readonly text: string | null;
}

/** An audit entry as stored. Its time is the id's (decisions 1). */
export interface StoredEntry {
  readonly id: string;
  readonly projectId: string;
  readonly actor: string;
  readonly action: string;
  readonly object: string;
  readonly before: SealedValue;
  readonly after: SealedValue;
  /** Position in the tree; null until the sequencer has seen it. */
  readonly index: number | null;
  /** Hex of the leaf the sequencer appended. */
  readonly leafHash: string | null;
}

const nothing: SealedValue = { hash: null, salt: null, text: null };

/** Seals a value: `hash` is SHA-256 of salt and canonical JSON. The salt keeps a short value from being guessed once erased. */
export function seal(value: unknown): SealedValue {
  if (value === undefined || value === null) return nothing;
  const text = canonicalJson(value);
  const salt = createSecretText(16);
  return { hash: sha256(salt + text), salt, text };
}

/** True when the plain text is erased, or still the text that was hashed. */
export function isIntact(value: SealedValue): boolean {
  if (value.text === null) return true;
  return value.hash !== null && value.salt !== null && sha256(value.salt + value.text) === value.hash;
}

/** The leaf of an entry: everything but what may be erased. */
export function leafOf(entry: Omit<StoredEntry, "index" | "leafHash">): Hash {
  const { id, projectId, actor, action, object } = entry;
  return hashLeaf(Buffer.from(canonicalJson({ id, projectId, actor, action, object, before: entry.before.hash, after: entry.after.hash })));
}

/** The entry as the API shows it. An erased value reads `{ erased: true, hash }`. */
export function toWire(entry: StoredEntry): AuditEntry {
  return {
    id: entry.id,
    index: entry.index,
    at: new Date(idTime(entry.id)).toISOString(),
    actor: entry.actor,
    action: entry.action,
    object: entry.object,
    before: unseal(entry.before),
    after: unseal(entry.after),
  };
}

function unseal(value: SealedValue): unknown {
  if (value.text !== null) return JSON.parse(value.text) as unknown;
  return value.hash === null ? null : { erased: true, hash: value.hash };
}
