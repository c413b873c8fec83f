import { checkSeals } from "./check-seals.ts";
import { closeHours } from "./close-hours.ts";
import { eraseBody } from "./erase-body.ts";
import { findArchived } from "./find-archived.ts";
import { planRetention } from "./plan-retention.ts";
import { retain } from "./retain.ts";
import { listFiles } from "./repository.ts";
import type { Archive, ArchiveDeps, DueEvidence } from "./types.ts";

/** See `Archive`. Its schedules are defined by `defineSchedules`. */
export function createArchive(deps: ArchiveDeps): Archive {
  async function due(): Promise<DueEvidence[]> {
    return (await planRetention(deps, { thorough: false })).map(({ period: _period, hasPartition: _hasPartition, ...shown }) => shown);
  }

  return {
    closeHours: (options = {}) => closeHours(deps, options.signal),
    check: (context) => checkSeals(context, deps),
    erase: (context, id) => eraseBody(context, id, deps),
    find: (context, id) => findArchived(context, id, deps),
    due,
    retention: async () => ({ ...deps.retention, due: await due() }),
    retain: (options = {}) => retain(deps, options.signal),
    files: (context, query) => deps.sql.as(context, (tx) => listFiles(tx, query)),
  };
}
