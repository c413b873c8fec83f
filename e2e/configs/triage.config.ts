import { defineConfig, defineFunction, model } from "millrace";
import { z } from "zod";

/** A function whose model is trained by the test; until then, and where it fails, plain code answers. */
const triage = defineFunction({
  name: "triage",
  owner: "e2e",
  purpose: { objective: "Tell wanted from unwanted.", decision: "Which folder.", errors: [] },
  boundary: "may label a message, may not delete one",
  input: z.object({ text: z.string() }),
  output: z.object({ label: z.string(), confidence: z.number() }),
  latencyBudgetMs: 1000,
  variants: {
    learned: model({ model: "triage" }),
    plain: ({ text }: { text: string }) => ({ label: text.includes("prize") ? "spam" : "ham", confidence: 0.5 }),
  },
  fallback: ["learned", "plain"],
  retraining: {
    dataset: "messages",
    onAlert: false,
    minimumLabels: 1,
    shadowRequests: 20,
    canaryRequests: 20,
    canaryShare: 0.5,
    afterRequests: 20,
    readyTimeoutMs: 60_000,
  },
});

export default defineConfig({
  functions: [triage],
  http: { port: 0 },
  jobs: { heartbeatMs: 300, staleAfterMs: 1500 },
  log: { level: "warn" },
});
