import type { ProviderConfig } from "../config.ts";
import type { LocalModelConfig } from "./config.ts";

/** The rules of a local model as those of a provider: one call at once, and a short queue. */
export function asProvider({ clocks, dataClasses, region, queue, waitMs }: LocalModelConfig): ProviderConfig {
  return {
    dialect: "openai",
    baseUrl: "local:",
    keys: [],
    headers: {},
    clocks,
    attempts: 2,
    maxInputs: 1,
    batches: false,
    concurrency: { most: 1, queue, waitMs },
    dataClasses,
    region,
  };
}
