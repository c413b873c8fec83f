import { z } from "zod";
import { instantSchema, nameSchema } from "./wire.ts";

/** Amounts are decimal text: dollars, tokens or requests. */
export const budgetCountSchema = z.object({
  budget: nameSchema,
  /** Whom it counts: `{ principal: "key:...", user: "ada" }`. An empty value: calls that do not say it. */
  bucket: z.record(z.string(), z.string()),
  kind: z.enum(["requests", "tokens", "costUsd"]),
  windowSeconds: z.int(),
  limit: z.string(),
  used: z.string(),
  /** Held for calls under way. */
  reserved: z.string(),
  left: z.string(),
  /** When the oldest of what is used leaves the window; null when nothing is used. */
  resetsAt: instantSchema.nullable(),
});
export type BudgetCount = z.infer<typeof budgetCountSchema>;

export const budgetsQuerySchema = z.object({ limit: z.coerce.number().int().min(1).max(500).default(100) });

export const budgetsSchema = z.object({
  /** `memory`: this node counts by itself; `shared`: nodes count together; `local`: this node by itself, the shared store is away. */
  store: z.enum(["memory", "shared", "local"]),
  /** Those in use, the one used last first. */
  items: z.array(budgetCountSchema),
});
export type BudgetCounts = z.infer<typeof budgetsSchema>;

/** Answers that a node keeps and tells again: of the caller's project, since the node started. */
export const cacheReportSchema = z.object({
  /** Kept at the moment. */
  entries: z.int(),
  bytes: z.int(),
  /** Of all projects. */
  maxBytes: z.int(),
  /** Calls told a kept answer that was new enough. */
  exact: z.int(),
  /** Told one that was old, while a new one was fetched. */
  stale: z.int(),
  /** Told the answer to an alike question. */
  semantic: z.int(),
  /** Told the answer that an equal call was waiting for. */
  shared: z.int(),
  /** Asked a provider. */
  miss: z.int(),
  /** What those told would have cost. */
  saved: z.array(z.object({ currency: z.string(), amount: z.string() })),
  /** Told answers whose cost nobody knows. */
  savedUnknown: z.int(),
  /** How alike questions must be, by function. */
  calibrations: z.array(
    z.object({
      function: z.string(),
      /** Pairs of questions whose answers were compared. */
      pairs: z.int(),
      /** Cosine; null until the goal is kept. */
      threshold: z.number().nullable(),
      /** The share of equal answers at it, or of all where there is none. */
      precision: z.object({ value: z.number(), low: z.number(), high: z.number(), n: z.int() }),
    }),
  ),
});
export type CacheReport = z.infer<typeof cacheReportSchema>;

/** How many answers were forgotten. */
export const cacheClearedSchema = z.object({ cleared: z.int() });

export const circuitStateSchema = z.enum(["closed", "half-open", "open"]);
export type CircuitState = z.infer<typeof circuitStateSchema>;

/** One of a provider's keys for a target, known by its place from 1; its text is nowhere. */
export const targetKeySchema = z.object({
  place: z.int(),
  /** `resting`: the provider turned it away, for a while. */
  state: z.enum(["ready", "resting"]),
  restsUntil: instantSchema.nullable(),
  circuit: circuitStateSchema,
  inFlight: z.int().nullable(),
});

/** A model of a provider, as this node sees it. */
export const modelTargetSchema = z.object({
  /** `<provider>/<model>` */
  name: z.string(),
  provider: z.string(),
  /** What the provider speaks; `ai-sdk` for a package of it, `built-in` for a model that runs here. */
  dialect: z.string(),
  region: z.string().nullable(),
  /** What it may see. */
  dataClasses: z.array(z.string()),
  /** The row in force; null where no price is known. Of a million tokens, as decimal text. */
  price: z.object({ from: z.string(), currency: z.string(), perMillion: z.record(z.string(), z.string()) }).nullable(),
  /** Of several keys the best. `half-open`: the next call looks whether it answers again. */
  circuit: z.object({
    state: circuitStateSchema,
    /** When an open one is tried again. */
    triesAgainAt: instantSchema.nullable(),
  }),
  /** Calls under way, streams until their end. */
  inFlight: z.int(),
  queued: z.int(),
  /** Calls it takes at once; null where nothing bounds them. */
  most: z.int().nullable(),
  /** Tries of the last minutes, and those that failed. */
  tries: z.int(),
  failures: z.int(),
  /** Milliseconds to the first token of streams, and to the end of whole answers: medians of the last minutes; null without any. */
  firstTokenMs: z.number().nullable(),
  wholeMs: z.number().nullable(),
  keys: z.array(targetKeySchema),
});
export type ModelTarget = z.infer<typeof modelTargetSchema>;

/** A name for models. */
export const modelAliasSchema = z.object({
  name: z.string(),
  /** How one of its targets is chosen. */
  choose: z.string(),
  targets: z.array(z.string()),
  dataClass: z.string().nullable(),
  regions: z.array(z.string()),
});
export type ModelAlias = z.infer<typeof modelAliasSchema>;

/** What one node knows: each counts by itself. */
export const gatewayModelsSchema = z.object({
  providers: z.array(z.string()),
  aliases: z.array(modelAliasSchema),
  /** Those of aliases, and those that were asked by their own name lately. */
  targets: z.array(modelTargetSchema),
  /** How long "the last minutes" are. */
  windowSeconds: z.int(),
});
export type GatewayModels = z.infer<typeof gatewayModelsSchema>;

export const modelTrafficQuerySchema = z.object({ hours: z.coerce.number().int().min(1).max(168).default(24) });

/** From evidence, of all nodes: what was asked for by the name of a model, and who answered. */
export const modelTrafficSchema = z.object({
  since: instantSchema,
  /** Of a name that was asked very often the newest calls alone are counted. */
  capped: z.boolean(),
  items: z.array(
    z.object({
      /** The alias or target that was asked for. */
      model: z.string(),
      /** Who answered, or was to. */
      target: z.string(),
      requests: z.int(),
      failures: z.int(),
      fallbacks: z.int(),
      p50Ms: z.number().nullable(),
      p99Ms: z.number().nullable(),
      /** Decimal text, of the calls whose cost is known; null when there is none. */
      costUsd: z.string().nullable(),
      /** Answers whose cost nobody knows. */
      costUnknown: z.int(),
    }),
  ),
});
export type ModelTraffic = z.infer<typeof modelTrafficSchema>;
