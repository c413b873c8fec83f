import { isAppError, toAppError } from "../../core/index.ts";
import type { DrainedRecord, DrainSink, DrainStore } from "./types.ts";

export interface RejectedRecord {
  readonly record: DrainedRecord;
  readonly code: string;
  readonly reason: string;
}

/** SQLSTATE classes that speak of the server, not of the row: connection, rollback, resources, state, operator, system, schema. */
const transientStates = /^(08|25|40|42|53|55|57|58)/;
const transientCodes = [
  "database_unavailable",
  "database_restarted",
  "disk_full",
  "thread_died",
  "task_killed",
  "transaction_too_long",
  "nested_transaction",
];

/** Whether the same records may succeed later, so that nothing is to be rejected now. */
export function isTransient(error: unknown): boolean {
  for (let current = error; current instanceof Error; current = current.cause) {
    if (isAppError(current) && transientCodes.includes(current.code)) return true;
    const { code } = current as NodeJS.ErrnoException;
    if (typeof code === "string" && (transientStates.test(code) || /^(ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|ENOSPC)/.test(code)))
      return true;
  }
  return false;
}

/**
 * Stores records in one transaction. When a record cannot be stored, halves the batch until it stands alone: all others are
 * stored, and it is returned with its reason. Throws only what is transient.
 */
export async function storeRecords<Tx>(
  records: readonly DrainedRecord[],
  sinks: ReadonlyMap<string, DrainSink<Tx>>,
  sql: DrainStore<Tx>,
): Promise<RejectedRecord[]> {
  const known = records.filter((record) => sinks.has(record.type));
  const rejected = records
    .filter((record) => !sinks.has(record.type))
    .map((record) => ({ record, code: "internal", reason: `No sink takes records of type ${record.type}.` }));
  if (known.length > 0) rejected.push(...(await storeOrHalve(known, sinks, sql)));
  return rejected;
}

async function storeOrHalve<Tx>(
  records: readonly DrainedRecord[],
  sinks: ReadonlyMap<string, DrainSink<Tx>>,
  sql: DrainStore<Tx>,
): Promise<RejectedRecord[]> {
  try {
    await sql.system("drain", async (tx) => {
      for (const [type, group] of Map.groupBy(records, (record) => record.type)) await sinks.get(type)!.write(tx, group);
    });
    return [];
  } catch (error) {
    // Too much for one transaction is neither: halves may fit.
    const tooLong = isAppError(error, "transaction_too_long") && records.length > 1;
    if (isTransient(error) && !tooLong) throw error;
    if (records.length === 1) return [{ record: records[0]!, code: errorCode(error), reason: toAppError(error).message }];
    const middle = records.length >> 1;
    const first = await storeOrHalve(records.slice(0, middle), sinks, sql);
    return [...first, ...(await storeOrHalve(records.slice(middle), sinks, sql))];
  }
}

function errorCode(error: unknown): string {
  const code = (error as { code?: unknown }).code;
  return typeof code === "string" ? code : "internal";
}
