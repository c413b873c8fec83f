import type { PushedRows, PushRows } from "@millrace/contract";
import { AppError, canonicalJson, sha256 } from "../../core/index.ts";
import type { AuditChange } from "../../governance/index.ts";
import type { Tx } from "../../storage/index.ts";
import type { SourceOf } from "./config.ts";
import * as repository from "./repository.ts";

interface KeyedRow {
  readonly key: string | null;
  readonly row: string;
}

/**
 * Takes a batch once: by its id, and each row by its key. `idempotency_conflict` for another batch of the same id,
 * `invalid_request` for a row without its key.
 */
export async function pushRows(
  tx: Tx,
  { source, batch, rows }: { readonly source: SourceOf<"push"> } & PushRows,
  audit: (tx: Tx, change: AuditChange) => Promise<void>,
): Promise<PushedRows> {
  const keyed = rows.map((row, index) => ({ key: keyOf(source, row, index), row: JSON.stringify(row) }));
  const hash = sha256(canonicalJson(rows));
  const { received } = await repository.lockState(tx, source.name);
  const known = await repository.findBatch(tx, source.name, batch);
  if (known !== undefined) {
    if (known.hash === hash) return { source: source.name, batch, taken: known.taken, repeated: known.repeated };
    throw new AppError("idempotency_conflict", `The batch "${batch}" was sent to the source ${source.name} before, with other rows.`, {
      details: { source: source.name, batch },
    });
  }
  const fresh = await leaveOutKnown(tx, source.name, keyed);
  await repository.insertRows(
    tx,
    source.name,
    fresh.map((each, index) => ({ position: received + index + 1, ...each })),
  );
  await repository.saveReceived(tx, source.name, received + fresh.length);
  const receipt = { taken: fresh.length, repeated: rows.length - fresh.length };
  await repository.insertBatch(tx, { source: source.name, batch, hash, ...receipt });
  await audit(tx, { action: "data.push", object: `source:${source.name}`, after: { batch, hash, ...receipt } });
  return { source: source.name, batch, ...receipt };
}

/** The rows whose key came neither before nor earlier in the batch. */
async function leaveOutKnown(tx: Tx, source: string, rows: readonly KeyedRow[]): Promise<KeyedRow[]> {
  const keys = rows.flatMap(({ key }) => key ?? []);
  const seen = await repository.findKeys(tx, source, keys);
  return rows.filter(({ key }) => {
    if (key === null) return true;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function keyOf({ name, keyColumn }: SourceOf<"push">, row: Readonly<Record<string, unknown>>, index: number): string | null {
  if (keyColumn === undefined) return null;
  const value = Object.hasOwn(row, keyColumn) ? row[keyColumn] : undefined;
  if ((typeof value === "string" && value !== "" && value.length <= 500) || typeof value === "number") return JSON.stringify(value);
  throw new AppError(
    "invalid_request",
    `rows[${index}].${keyColumn}: the source ${name} knows its rows by this column; it must be a text of at most 500 characters, or a number.`,
    { details: { row: index, column: keyColumn } },
  );
}
