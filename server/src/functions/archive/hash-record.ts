import { sha256 } from "../../core/index.ts";
import type { StoredInference } from "./repository.ts";

/** The hash of a body that an hour's seal covers; after an erasure the one kept in its place. Null when there is no body here. */
export function hashBody(row: StoredInference): string | null {
  if (row.erased_hash !== null) return row.erased_hash;
  if (row.input === null) return null;
  return sha256((row.salt ?? "") + JSON.stringify([row.input, row.output, row.steps, row.produced, row.metadata]));
}

/** What an hour's seal holds of one inference: everything stored of it, the body by its hash, also where only that is left. */
export function hashRecord(row: StoredInference, bodyHash: string | null = hashBody(row)): string {
  const { id, status, variant, binding, arm, fallback, label, confidence, error, caller } = row;
  const facts = [
    id,
    row.function,
    status,
    variant,
    binding,
    arm,
    row.release_id,
    fallback,
    label,
    confidence,
    error,
    row.latency_ms,
    caller,
  ];
  return sha256(JSON.stringify([...facts, row.recorded_at, row.occurred_at, bodyHash]));
}
