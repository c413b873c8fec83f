import { join } from "node:path";
import { type Clock, type Context, type Logger, systemContext } from "../core/index.ts";
import type { Governance } from "../governance/index.ts";
import type { Jobs } from "../jobs/index.ts";
import { type Sql, type StorageConfig, pruneBackups } from "../storage/index.ts";
import type { Backup } from "./types.ts";

/** What tells scheduled backups from those made by hand, which are never removed. */
const prefix = "scheduled-";
const context = systemContext("storage");

export interface ScheduleBackupsDeps {
  readonly jobs: Pick<Jobs, "defineSchedule">;
  readonly config: StorageConfig["backup"];
  readonly dataFolder: string;
  readonly backUp: (context: Context, name: string) => Promise<Backup>;
  readonly sql: Sql;
  readonly audit: Governance["audit"];
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Defines the schedule when the configuration asks for backups. Before the jobs start. */
export function scheduleBackups(deps: ScheduleBackupsDeps): void {
  const { config, jobs } = deps;
  if (config === undefined) return;
  jobs.defineSchedule("storage.backup", config.everyHours * 3_600_000, () => backUpAndPrune(config.keep, deps));
}

async function backUpAndPrune(keep: number, deps: ScheduleBackupsDeps): Promise<void> {
  const newest = `${prefix}${new Date(deps.clock.now()).toISOString().replaceAll(/[:.]/g, "-")}`;
  await deps.backUp(context, newest);
  const removed = await pruneBackups({ folder: join(deps.dataFolder, "backups"), prefix, keep, newest });
  if (removed.length === 0) return;
  await deps.sql.as(context, (tx) =>
    deps.audit(tx, { action: "storage.remove-backups", object: `backup:${newest}`, after: { removed, keep } }),
  );
  deps.logger.info({ removed }, "old backups removed");
}

/** When the last backup was finished that the asking project knows of: its own, or one of the schedule, on whichever node. */
export async function lastBackupAt(governance: Pick<Governance, "auditLog">, asking: Context): Promise<string | null> {
  const found: string[] = [];
  for (const projectId of new Set([context.projectId, asking.projectId])) {
    const { items } = await governance.auditLog.list({ ...context, projectId }, { limit: 1, action: "storage.backup" });
    found.push(...items.map((entry) => entry.at));
  }
  return found.toSorted().at(-1) ?? null;
}
