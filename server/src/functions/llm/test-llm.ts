import { z } from "zod";
import { llm } from "../declare-llm.ts";
import { defineFunction } from "../define-function.ts";
import type { FunctionDefinition, LlmOptions, VariantEntry } from "../types.ts";
import { createEgress, egressConfigSchema, silentLogger, systemClock } from "../../core/index.ts";
import { type Gateway, configSchema, createGateway } from "../../gateway/index.ts";

export interface Mail {
  subject: string;
  body: string;
}

export const mailSheet = {
  owner: "mail team",
  purpose: { objective: "Sort mail", decision: "Which folder", errors: [{ error: "ham as spam", cost: "a lost message" }] },
  boundary: "May label a message, may not delete one.",
  input: z.object({ subject: z.string(), body: z.string() }),
  output: z.object({ label: z.enum(["ham", "spam"]), confidence: z.number().min(0).max(1) }),
  latencyBudgetMs: 2000,
};

/** A function whose first variant is a model; what it says is what its name asks of the scripted upstream. */
export function askingFunction(
  options: Partial<LlmOptions<Mail, { label: "ham" | "spam"; confidence: number }>>,
  others: Record<string, VariantEntry<Mail, { label: "ham" | "spam"; confidence: number }>> = {},
): FunctionDefinition {
  return defineFunction({
    ...mailSheet,
    name: "triage-mail",
    variants: { asked: llm({ model: "one/ok", prompt: "{{subject}}", ...options }), ...others },
    fallback: ["asked", ...Object.keys(others)] as "asked"[],
  });
}

/** Over the scripted upstream, in both dialects, with a price for one of them. */
export function testGateway({ port, origin }: { readonly port: number; readonly origin: string }, more: object = {}): Gateway {
  const egress = createEgress({
    config: egressConfigSchema.parse({ hosts: [{ host: "127.0.0.1", private: true, http: true, ports: [port, 9] }] }),
    logger: silentLogger,
  });
  const clocks = { totalMs: 5000, firstTokenMs: 2000, gapMs: 2000 };
  const baseUrl = `${origin}/v1`;
  return createGateway({
    config: configSchema.parse({
      providers: {
        one: { dialect: "openai", baseUrl, clocks, attempts: 1 },
        two: { dialect: "anthropic", baseUrl, clocks, attempts: 1 },
        trusted: { dialect: "openai", baseUrl, clocks, attempts: 1, dataClasses: ["public", "personal"] },
        dead: { dialect: "openai", baseUrl: "http://127.0.0.1:9/v1", clocks, attempts: 1 },
      },
      models: {
        patient: ["dead/ok", "one/say"],
        sized: { choose: "rules", targets: ["dead/ok", "one/say"], rules: [{ when: "input.bytes < 100000", to: "one/say" }] },
      },
      prices: [{ provider: "one", model: "*", from: "2020-01-01", perMillion: { input: "1", output: "2" } }],
      ...more,
    }),
    egress,
    clock: systemClock,
  });
}
