import { z } from "zod";
import { secretSchema } from "../core/index.ts";
import { budgetsSchema, redisSchema } from "./budgets/index.ts";
import { priceRowSchema } from "./money/price-row.ts";

const maxRequestBytes = 6 * 1024 * 1024;
/** Of an answer: with the largest request it still fits into one record of the journal. */
export const maxAnswerBytes = 4 * 1024 * 1024;

const name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, "lower-case letters, digits and dashes, at most 64");
const target = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}\/\S{1,150}$/, "<provider>/<model>");

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
  /** Sent with each request, such as `anthropic-beta`. */
  headers: z.record(z.string(), z.string()).default({}),
  clocks: clocksSchema.prefault({}),
  /** Tries at this provider before the next target, the first included. */
  attempts: z.int().min(1).max(5).default(2),
});
export type ProviderConfig = z.output<typeof providerSchema>;

export const configSchema = z
  .strictObject({
    providers: z.record(name, providerSchema).default({}),
    /** Names for models: one target, or several that are asked in order until one answers. */
    models: z.record(name, z.union([target, z.array(target).min(1).max(10)])).default({}),
    /** Prices of your own, before ours; see docs/gateway.md. */
    prices: z.array(priceRowSchema).default([]),
    /** The most that calls may take: requests, tokens, dollars; see docs/gateway.md. */
    budgets: budgetsSchema,
    /** Where several nodes keep the counts of budgets. Absent: each node counts by itself, in memory. */
    redis: redisSchema.optional(),
    /** Of a request. It stands in the evidence, and a record of the journal has a bound. */
    maxBodyBytes: z.int().positive().max(maxRequestBytes).default(maxRequestBytes),
  })
  .prefault({})
  .superRefine((config, refinement) => {
    for (const [alias, targets] of Object.entries(config.models))
      for (const each of [targets].flat()) {
        const provider = each.slice(0, each.indexOf("/"));
        if (config.providers[provider] === undefined)
          refinement.addIssue({ code: "custom", path: ["models", alias], message: `there is no provider "${provider}"` });
      }
  });
export type GatewayConfig = z.output<typeof configSchema>;
