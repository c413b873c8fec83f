import { defineConfig, defineFunction, model, rules } from "millrace";
import { z } from "zod";

const sheet = { owner: "bench", purpose: { objective: "measure", decision: "none", errors: [] }, boundary: "may be measured" };

export default defineConfig({
  functions: [
    defineFunction({
      ...sheet,
      name: "echo-rules",
      input: z.object({ text: z.string() }),
      output: z.object({ label: z.string(), confidence: z.number() }),
      latencyBudgetMs: 1000,
      variants: { rules: rules((input: { text: string }) => ({ label: input.text.length > 40 ? "long" : "short", confidence: 1 })) },
      fallback: ["rules"],
    }),
    defineFunction({
      ...sheet,
      name: "intent",
      input: z.object({ text: z.string() }),
      output: z.object({ label: z.string(), confidence: z.number() }),
      latencyBudgetMs: 1000,
      variants: { learned: model({ model: "intent" }), rules: rules(() => ({ label: "card_arrival", confidence: 0.1 })) },
      fallback: ["learned", "rules"],
    }),
  ],
  storage: { drain: process.env["MILLRACE_BENCH_DRAIN"] !== "off" },
  log: { level: "warn" },
});
