export { type ModelsConfig, configSchema } from "./config.ts";
export { type ModelsDeps, createModels } from "./create.ts";
export type { TextPreparation } from "./text-input.ts";
export type * from "./types.ts";
