export { localProvider } from "./config.ts";
export { createLocalModels } from "./create.ts";
