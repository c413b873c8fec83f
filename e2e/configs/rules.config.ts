import { defineConfig, defineFunction } from "millrace";
import { z } from "zod";

/** Starts fast: plain code only. It waits as long as it is told, so that requests can be in flight. */
const echo = defineFunction({
  name: "echo",
  owner: "e2e",
  purpose: { objective: "Answer what was asked.", decision: "None.", errors: [] },
  boundary: "may repeat a text, may not change anything",
  input: z.object({ text: z.string(), waitMs: z.int().min(0).max(5000).default(0) }),
  output: z.object({ label: z.string(), confidence: z.number() }),
  latencyBudgetMs: 5000,
  variants: {
    plain: async ({ text, waitMs }: { text: string; waitMs: number }) => {
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
      return { label: text, confidence: 1 };
    },
  },
  fallback: ["plain"],
});

export default defineConfig({
  functions: [echo],
  http: { port: 0 },
  jobs: { heartbeatMs: 300, staleAfterMs: 1500 },
  log: { level: "warn" },
});
