export { createAiSdkSource } from "./create.ts";
