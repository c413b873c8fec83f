import { AppError, type Context } from "../core/index.ts";
import type { Sql } from "../storage/index.ts";
import { listEntries, listObjects } from "./audit-repository.ts";
import { toWire } from "./entry.ts";
import { type CompactTree, append, emptyTree, hashLeaf, rootOf, toHex } from "./merkle.ts";
import type { Seal, SealInput, Seals } from "./types.ts";
import type { AuditWriter } from "./write-audit.ts";

const hourPattern = /^\d{4}-\d{2}-\d{2}T\d{2}$/;
const action = "governance.seal";
const batchSize = 1000;

/**
 * Seals what is too much for an audit entry each (inferences, feedback): the root of the tree over an hour's records goes into
 * the audit log, and so under its signed checkpoints. A record changed, added or removed later no longer fits.
 */
export function createSeals(deps: { sql: Sql; audit: AuditWriter }): Seals {
  async function sealedBefore(context: Context, object: string): Promise<Seal | null> {
    const [newest] = await deps.sql.as(context, (tx) => listEntries(tx, { limit: 1, action, object }));
    return newest === undefined ? null : (toWire(newest).after as Seal);
  }

  async function sealHour(context: Context, input: SealInput): Promise<Seal & { isNew: boolean }> {
    const object = objectOf(input);
    const seal = await sealOf(input.records);
    const before = await sealedBefore(context, object);
    if (before?.rootHash === seal.rootHash) return { ...seal, isNew: false };
    await deps.sql.as(context, (tx) => deps.audit(tx, { action, object, before, after: seal }));
    return { ...seal, isNew: true };
  }

  async function checkHour(context: Context, input: SealInput): Promise<"intact" | "changed" | "unsealed"> {
    const before = await sealedBefore(context, objectOf(input));
    if (before === null) return "unsealed";
    return (await sealOf(input.records)).rootHash === before.rootHash ? "intact" : "changed";
  }

  async function sealedHours(context: Context, subject: SealInput["subject"]): Promise<string[]> {
    const prefix = `${subject}:`;
    const objects = await deps.sql.as(context, (tx) => listObjects(tx, action));
    return objects.filter((object) => object.startsWith(prefix)).map((object) => object.slice(prefix.length));
  }

  return { sealHour, sealedHours, checkHour };
}

function objectOf(input: SealInput): string {
  if (!hourPattern.test(input.hour))
    throw new AppError("internal", `An hour to seal is written like 2026-11-21T10 (UTC), not "${input.hour}".`);
  return `${input.subject}:${input.hour}`;
}

async function sealOf(records: SealInput["records"]): Promise<Seal> {
  let tree: CompactTree = emptyTree;
  let batch: Uint8Array[] = [];
  for await (const record of records) {
    batch.push(hashLeaf(Buffer.from(`${record.id} ${record.hash}`)));
    if (batch.length < batchSize) continue;
    tree = append(tree, batch);
    batch = [];
  }
  tree = append(tree, batch);
  return { records: tree.size, rootHash: toHex(rootOf(tree)) };
}
