import { defineConfig, defineFunction, rules } from "millrace";
import { z } from "zod";

const upstream = new URL(process.env["MILLRACE_BENCH_UPSTREAM"] ?? "http://127.0.0.1:9");

/** Everything on: prices, budgets over requests, tokens and dollars, clocks, breakers, evidence. */
export default defineConfig({
  functions: [
    defineFunction({
      name: "idle",
      owner: "bench",
      purpose: { objective: "measure", decision: "none", errors: [] },
      boundary: "may be measured",
      input: z.object({}),
      output: z.object({ label: z.string() }),
      latencyBudgetMs: 1000,
      variants: { rules: rules(() => ({ label: "idle" })) },
      fallback: ["rules"],
    }),
  ],
  egress: { hosts: [{ host: "127.0.0.1", private: true, http: true, ports: [Number(upstream.port)] }] },
  gateway: {
    providers: { bench: { dialect: "openai", baseUrl: `${upstream.origin}/v1` } },
    prices: [{ provider: "bench", model: "*", from: "2020-01-01", perMillion: { input: "1", output: "2" } }],
    budgets: [
      {
        name: "all",
        per: ["principal", "function"],
        limits: { requests: 1_000_000_000, tokens: 1_000_000_000_000, costUsd: "9000000" },
        windowSeconds: 3600,
      },
    ],
  },
  storage: { drain: process.env["MILLRACE_BENCH_DRAIN"] !== "off" },
  log: { level: "warn" },
});
