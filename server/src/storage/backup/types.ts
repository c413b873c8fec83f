import type { Clock, Logger } from "../../core/index.ts";
import type { Drain, Journal } from "../journal/index.ts";
import type { Sql } from "../types.ts";

export interface BackupDeps {
  readonly sql: Sql;
  /** Where DBOS keeps its tables; `dbos`. */
  readonly workflowSchema?: string;
  /** Folders of files that never change once written, by the name they get in the backup: blobs, lake. */
  readonly folders: Readonly<Record<string, string>>;
  readonly journal?: Journal;
  readonly drain?: Drain;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface BackupResult {
  readonly path: string;
  readonly files: number;
  readonly bytes: number;
  readonly rows: number;
  readonly seconds: number;
}

export interface RestoreDeps {
  /** An empty database: not migrated. */
  readonly sql: Sql;
  readonly workflowSchema?: string;
  /** Makes DBOS's tables, which its own migrations create; needed when the backup has some. */
  readonly prepareWorkflows?: () => Promise<void>;
  /** Where the backup's folders go, by name: absent or empty. */
  readonly folders: Readonly<Record<string, string>>;
  /** This node's journal folder, `data/journal/<node>`: its counts go on from the backup's. */
  readonly journalFolder?: string;
  readonly logger: Logger;
}

export interface RestoreResult {
  readonly files: number;
  readonly rows: number;
  readonly seconds: number;
}
