export * from "./types.ts";
export * from "./backup/index.ts";
export * from "./blobs/index.ts";
export * from "./counters/index.ts";
export * from "./journal/index.ts";
export * from "./lake/index.ts";
export { type Storage, type StorageConfig, configSchema, createStorage } from "./create.ts";
export {
  createHotState,
  createEmbeddedSql,
  createPostgresSql,
  lockFolder,
  maintain,
  type MaintenanceSlice,
  migrate,
  readMigrations,
} from "./sql/index.ts";
