import { AppError } from "../../core/index.ts";
import { removeReplaced } from "./erase-body.ts";
import { listReplaced } from "./erasure-repository.ts";
import { idsOfPeriod, partitionOf } from "./periods.ts";
import { type DuePeriod, planRetention } from "./plan-retention.ts";
import { deleteFromDefault, dropPartition, hasLate, markDropped } from "./retention-repository.ts";
import type { ArchiveDeps, DueEvidence } from "./types.ts";

const sliceRows = 500;

/**
 * Takes evidence out of SQL whose time there is over and which is in files, whole partitions at a time. What is not in a file
 * stays, and is said: nothing is lost in silence.
 */
export async function retain(deps: ArchiveDeps, signal: AbortSignal | undefined): Promise<DueEvidence[]> {
  await removeReplaced(await listReplaced(deps.sql), deps).catch((error: unknown) =>
    deps.logger.error({ err: error }, "a file of evidence that was replaced could not be removed; the next run tries it again"),
  );
  const dropped: DueEvidence[] = [];
  for (const due of await planRetention(deps, { thorough: true })) {
    if (signal?.aborted === true) break;
    const { period: _period, hasPartition: _hasPartition, ...shown } = due;
    if (due.blockedBy !== null) {
      deps.logger.error({ kind: due.kind, period: due.name, reason: due.blockedBy }, "evidence past its retention has to stay in SQL");
      continue;
    }
    try {
      await drop(due, deps);
      dropped.push(shown);
    } catch (error) {
      if (!(error instanceof LateRecords)) throw error;
      deps.logger.warn({ kind: due.kind, period: due.name }, "records came late while their period was dropped; it is tried again");
    }
  }
  return dropped;
}

class LateRecords extends AppError {}

function assertNoneLate(isLate: boolean, due: DuePeriod): void {
  if (isLate) throw new LateRecords("conflict", `Records of ${due.name} came late and are not in a file yet.`);
}

async function drop(due: DuePeriod, deps: ArchiveDeps): Promise<void> {
  const { sql, clock, governance } = deps;
  for (let gone = sliceRows; gone === sliceRows;) {
    gone = await sql.system("retention", async (tx) => {
      const count = await deleteFromDefault(tx, due.kind, { ...idsOfPeriod(due.period), projectId: null, limit: sliceRows });
      assertNoneLate(await hasLate(tx, due.period), due);
      return count;
    });
  }
  await sql.system("retention", async (tx) => {
    if (due.hasPartition) await dropPartition(tx, partitionOf(due.period));
    // Asked after the partition is locked: a record that was stored before has left its mark, a later one finds no partition.
    assertNoneLate(await hasLate(tx, due.period), due);
    for (const { projectId, hours, rows } of await markDropped(tx, due.period, new Date(clock.now()).toISOString())) {
      const change = { action: "functions.drop-evidence", object: `${due.kind}:${due.name}`, after: { hours, rows } };
      await governance.audit(tx, change, { projectId, actor: "system:functions" });
    }
  });
}
