export { createHttp } from "./create.ts";
export { type HttpConfig, httpConfigSchema } from "./config.ts";
export type * from "./types.ts";
