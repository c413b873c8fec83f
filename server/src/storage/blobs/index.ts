export * from "./types.ts";
export { createFolderBlobs } from "./create.ts";
