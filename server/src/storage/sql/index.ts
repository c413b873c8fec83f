export { createEmbeddedSql, type EmbeddedSql } from "./create-embedded.ts";
export { createPostgresSql } from "./create-postgres.ts";
export { type FolderLock, lockFolder } from "./folder-lock.ts";
export { createHotState } from "./hot-state.ts";
export { type MaintenanceSlice, maintain } from "./maintenance.ts";
export { assertCurrent, migrate, readMigrations } from "./migrate.ts";
