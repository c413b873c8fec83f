import { checkSeals } from "./check-seals.ts";
import { closeHours } from "./close-hours.ts";
import { listFiles } from "./repository.ts";
import type { Archive, ArchiveDeps } from "./types.ts";

/** See `Archive`. Its schedules are defined by `defineSchedules`. */
export function createArchive(deps: ArchiveDeps): Archive {
  return {
    closeHours: (options = {}) => closeHours(deps, options.signal),
    check: (context) => checkSeals(context, deps),
    files: (context, query) => deps.sql.as(context, (tx) => listFiles(tx, query)),
  };
}
