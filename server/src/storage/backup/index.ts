export * from "./types.ts";
export { hashFile } from "./manifest.ts";
export { pruneBackups } from "./prune-backups.ts";
export { readLines } from "./read-lines.ts";
export { restoreBackup } from "./restore-backup.ts";
export { writeBackup } from "./write-backup.ts";
