import { z } from "zod";
import { egressConfigSchema } from "../core/index.ts";
import { configSchema as dataConfig } from "../data/index.ts";
import { type FunctionDefinition, batchesConfigSchema } from "../functions/index.ts";
import { configSchema as gatewayConfig } from "../gateway/index.ts";
import { configSchema as governanceConfig } from "../governance/index.ts";
import { httpConfigSchema } from "../http/index.ts";
import { configSchema as jobsConfig } from "../jobs/index.ts";
import { configSchema as modelsConfig } from "../models/index.ts";
import { configSchema as storageConfig } from "../storage/index.ts";

function isFunctionDefinition(value: unknown): value is FunctionDefinition {
  return typeof value === "object" && value !== null && "labelOf" in value && "fallback" in value && Object.isFrozen(value);
}

/** The whole of `millrace.config.ts`: each module's part under the module's name, and the functions. */
export const configSchema = z
  .strictObject({
    functions: z.array(z.custom<FunctionDefinition>(isFunctionDefinition, { error: "use defineFunction({ ... })" })).default([]),
    http: httpConfigSchema.prefault({}),
    egress: egressConfigSchema,
    storage: storageConfig,
    governance: governanceConfig,
    jobs: jobsConfig,
    data: dataConfig,
    models: modelsConfig,
    gateway: gatewayConfig,
    batches: batchesConfigSchema,
    log: z.strictObject({ level: z.enum(["trace", "debug", "info", "warn", "error", "silent"]).default("info") }).prefault({}),
  })
  .refine(
    ({ functions, gateway }) => functions.length > 0 || Object.keys(gateway.providers).length + Object.keys(gateway.local).length > 0,
    {
      path: ["functions"],
      error: "declare at least one function, or a provider of the gateway",
    },
  );

/** What a configuration file exports by default. */
export type MillraceConfig = z.input<typeof configSchema>;
export type ResolvedConfig = z.output<typeof configSchema>;

/** Types a configuration; it is checked when the program starts. */
export function defineConfig(config: MillraceConfig): MillraceConfig {
  return config;
}
