export { type LocalModelConfig, localModelSchema, localProvider } from "./config.ts";
export { createLocalModels } from "./create.ts";
