import { AppError, type Context } from "../core/index.ts";
import type { Sql } from "../storage/index.ts";
import { entriesFrom, eraseText, listCheckpoints, listEntries, newestCheckpoint, readHead } from "./audit-repository.ts";
import { listDeliveries } from "./delivery-repository.ts";
import { type StoredEntry, toWire } from "./entry.ts";
import type { Sequencer } from "./sequence-audit.ts";
import type { Shipper } from "./ship-checkpoints.ts";
import { readSinks, statesOf } from "./sink-states.ts";
import type { Sink } from "./sinks/index.ts";
import type { AuditLog, Checkpoint, SealedEvidence } from "./types.ts";
import { type Claim, verifyLog, withSealed } from "./verify-audit.ts";
import type { AuditWriter } from "./write-audit.ts";

export interface AuditLogDeps {
  readonly sql: Sql;
  readonly audit: AuditWriter;
  readonly sequencer: Sequencer;
  readonly sinks: readonly Sink[];
  readonly shipper: Pick<Shipper, "problemOf">;
  /** Base64 public keys whose checkpoints count. */
  readonly trustedKeys: ReadonlySet<string>;
  readonly sealed: () => readonly SealedEvidence[];
}

const pageSize = 1000;

export function createAuditLog(deps: AuditLogDeps): AuditLog {
  async function list(context: Context, query: Parameters<AuditLog["list"]>[1]) {
    const entries = await deps.sql.as(context, (tx) => listEntries(tx, { ...query, limit: query.limit + 1 }));
    const items = entries.slice(0, query.limit).map(toWire);
    return { items, next: entries.length > query.limit ? items.at(-1)!.id : null };
  }

  async function verify(context: Context, against?: Checkpoint) {
    // Sinks first, then checkpoints, then the head: an honest head read last covers all that was read before it.
    const read = readSinks(deps.sinks, context.projectId);
    const claims: Claim[] = read.flatMap(({ sink, checkpoints }) => checkpoints.map((checkpoint) => ({ source: sink.name, checkpoint })));
    if (against !== undefined) claims.push({ source: "given", checkpoint: against });
    const deliveries = await deps.sql.as(context, (tx) => listDeliveries(tx));
    const checkpoints = await checkpointsOf(context);
    for (const checkpoint of checkpoints) claims.push({ source: "database", checkpoint });
    const { head, pending, placed } = await deps.sql.as(context, (tx) => readHead(tx));
    const pages = pagesOf(context, Math.max(head?.size ?? 0, placed));
    const report = await verifyLog({ projectId: context.projectId, head, pending, claims, trustedKeys: deps.trustedKeys, pages });
    const sinks = statesOf(read, { checkpoints, deliveries, problemOf: deps.shipper.problemOf });
    return withSealed({ ...report, sinks }, await Promise.all(deps.sealed().map((evidence) => evidence.check(context))));
  }

  async function checkpointsOf(context: Context): Promise<Checkpoint[]> {
    const all: Checkpoint[] = [];
    for (;;) {
      const page = await deps.sql.as(context, (tx) => listCheckpoints(tx, { above: all.at(-1)?.size ?? 0, limit: pageSize }));
      all.push(...page);
      if (page.length < pageSize) return all;
    }
  }

  async function* pagesOf(context: Context, to: number): AsyncGenerator<StoredEntry[]> {
    let from = 0;
    while (from < to) {
      const page = await deps.sql.as(context, (tx) => entriesFrom(tx, { from, to, limit: pageSize }));
      if (page.length === 0) return;
      yield page;
      from = page.at(-1)!.index! + 1;
    }
  }

  async function erase(context: Context, entryId: string): Promise<void> {
    await deps.sql.system("retention", async (tx) => {
      if (!(await eraseText(tx, { projectId: context.projectId, id: entryId })))
        throw new AppError("not_found", `No audit entry has the id ${entryId}.`, { details: { id: entryId } });
      await deps.audit(
        tx,
        { action: "governance.erase-audit-text", object: `audit:${entryId}` },
        { projectId: context.projectId, actor: context.principalId },
      );
    });
  }

  return {
    list,
    verify,
    erase,
    checkpoint: (context) => deps.sql.as(context, (tx) => newestCheckpoint(tx, context.projectId)),
    sequence: () => deps.sequencer.pass(),
  };
}
