import { z } from "zod";
import { secretSchema } from "../core/index.ts";
import { aiSdkFields, type AiSdkRules } from "./ai-sdk/config.ts";
import { abuseSchema } from "./abuse/index.ts";
import { budgetsSchema } from "./budgets/index.ts";
import { cacheSchema } from "./cache/index.ts";
import { checkEncoders } from "./embeddings/imported/check-encoders.ts";
import { importedEncoderSchema } from "./embeddings/imported/config.ts";
import { localModelSchema, localProvider } from "./local/config.ts";
import { priceRowSchema } from "./money/price-row.ts";
import { modelSchema } from "./routing/alias-config.ts";
import { capabilityRowSchema } from "./routing/capability-row.ts";
import { checkAlias } from "./routing/check-alias.ts";
import { redisSchema } from "./shared-store/config.ts";

const maxRequestBytes = 6 * 1024 * 1024;
/** Of an answer: with the largest request it still fits into one record of the journal. */
export const maxAnswerBytes = 4 * 1024 * 1024;

const name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, "lower-case letters, digits and dashes, at most 64");
const dataClass = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, "lower-case letters, digits and dashes, at most 64");

const clocksSchema = z.strictObject({
  /** Milliseconds for the whole answer. */
  totalMs: z.int().positive().max(3_600_000).default(600_000),
  /** Until its first byte. */
  firstTokenMs: z.int().positive().max(600_000).default(60_000),
  /** Between two pieces of it. */
  gapMs: z.int().positive().max(600_000).default(60_000),
});

const providerSchema = z.strictObject({
  dialect: z.enum(["openai", "openai-responses", "anthropic"]),
  /** Up to and with its version: `https://api.openai.com/v1`. Its host is one of `egress.hosts`. */
  baseUrl: z.url({ abort: true }),
  /** Absent for a server that asks for none. */
  key: secretSchema.optional(),
  /** Further ones: each call takes one of them, and another when it is turned away. */
  keys: z.array(secretSchema).max(32).default([]),
  /** Sent with each request, such as `anthropic-beta`. */
  headers: z.record(z.string(), z.string()).default({}),
  clocks: clocksSchema.prefault({}),
  /** Tries at this provider before the next target, the first included. */
  attempts: z.int().min(1).max(5).default(2),
  /** Texts in one request for embeddings; a longer list goes in several, in order. */
  maxInputs: z.int().min(1).max(10_000).default(2048),
  /** Whether it has a batch API, for batches that ask for it; `openai` and `anthropic`. */
  batches: z.boolean().default(false),
  /** Calls at once of each of its models; so many more may wait, each so long, before the next target is asked. */
  concurrency: z
    .strictObject({
      most: z.int().positive().max(100_000),
      queue: z.int().nonnegative().max(100_000).default(0),
      waitMs: z.int().positive().max(600_000).default(1000),
    })
    .optional(),
  /** Which classes of data it may see. A call of a class goes only to providers that list it. */
  dataClasses: z.array(dataClass).default([]),
  /** Where it keeps what it sees, in your words: `eu`. */
  region: z.string().min(1).max(64).optional(),
});
export type ProviderConfig = z.output<typeof providerSchema> & {
  /** Asked through a package of the AI SDK and not by us: its dialect and address are the package's affair. */
  readonly aiSdk?: AiSdkRules;
};

const { key, headers, clocks, attempts, concurrency, dataClasses, region } = providerSchema.shape;
const aiSdkSchema = z
  .strictObject({ dialect: z.literal("ai-sdk"), ...aiSdkFields, key, headers, clocks, attempts, concurrency, dataClasses, region })
  .transform(({ dialect: _, package: name, export: factory, options, ...rest }): ProviderConfig => {
    const unused = { dialect: "openai", baseUrl: "ai-sdk:", maxInputs: 1, batches: false } as const;
    return { ...rest, ...unused, keys: [], aiSdk: { package: name, export: factory, options } };
  });
/** One way for what speaks a dialect we know, another for packages. */
const anyProviderSchema = z.discriminatedUnion("dialect", [
  z.pipe(
    providerSchema,
    z.transform((provider): ProviderConfig => provider),
  ),
  aiSdkSchema,
]);

export const configSchema = z
  .strictObject({
    providers: z.record(name, anyProviderSchema).default({}),
    /** Models in files, run here: `local/<name>`. */
    local: z.record(name, localModelSchema).default({}),
    /** Sentence encoders in files of your own, run here: `onnx/<name>`, beside `onnx/use-lite`. */
    onnx: z.record(name, importedEncoderSchema).default({}),
    /** Names for models: one target, several that are asked in order until one answers, or how to choose; see docs/gateway.md. */
    models: z.record(name, modelSchema).default({}),
    /** From what everybody may see to what nearly nobody may: a call can be raised in this order, and never lowered. */
    dataClasses: z.array(dataClass).min(1).default(["public", "internal", "personal", "secret"]),
    /** What models can do, before what we publish of them. */
    capabilities: z.array(capabilityRowSchema).default([]),
    /** Prices of your own, before ours; see docs/gateway.md. */
    prices: z.array(priceRowSchema).default([]),
    /** The most that calls may take: requests, tokens, dollars; see docs/gateway.md. */
    budgets: budgetsSchema,
    /** Where several nodes keep what they share: counts of budgets, scores of abuse. Absent: each node counts by itself, in memory. */
    redis: redisSchema.optional(),
    /** Memory for vectors that were made already, in bytes; 0 remembers none. */
    vectorMemoryBytes: z
      .int()
      .nonnegative()
      .max(16 * 1024 ** 3)
      .default(64 * 1024 ** 2),
    /** Slows, then blocks, principals whose calls are refused again and again. Absent: nobody is. */
    abuse: abuseSchema.optional(),
    /** Answers that are told again; see docs/gateway.md. Absent: none is kept. */
    cache: cacheSchema,
    /** Of a request. It stands in the evidence, and a record of the journal has a bound. */
    maxBodyBytes: z.int().positive().max(maxRequestBytes).default(maxRequestBytes),
  })
  .prefault({})
  .superRefine((config, refinement) => {
    if (Object.keys(config.local).length > 0 && Object.hasOwn(config.providers, localProvider))
      refinement.addIssue({
        code: "custom",
        path: ["providers", localProvider],
        message: `models of gateway.local are asked for as ${localProvider}/<model>: give this provider another name`,
      });
    for (const { path, message } of checkEncoders(config)) refinement.addIssue({ code: "custom", path: [...path], message });
    for (const kind of ["providers", "local"] as const)
      for (const [each, { dataClasses }] of Object.entries(config[kind]))
        for (const [index, dataClass] of dataClasses.entries())
          if (!config.dataClasses.includes(dataClass))
            refinement.addIssue({
              code: "custom",
              path: [kind, each, "dataClasses", index],
              message: `there is no data class "${dataClass}"; gateway.dataClasses lists ${config.dataClasses.join(", ")}`,
            });
    for (const [alias, rules] of Object.entries(config.models))
      for (const { path, message } of checkAlias(rules, config))
        refinement.addIssue({ code: "custom", path: ["models", alias, ...path], message });
  });
export type GatewayConfig = z.output<typeof configSchema>;
