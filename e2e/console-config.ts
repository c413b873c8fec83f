import type { ScriptedUpstream } from "../server/test/scripted-upstream.ts";

/** Two functions that sort mail, and a provider that says what it is told to. */
export const configOf = (upstream: ScriptedUpstream) => `
import { defineConfig, defineFunction, model, rules } from "millrace";
import { z } from "zod";

const label = (input) => ({ label: /[$]/.test(input.subject) ? "spam" : "ham", confidence: 0.9 });
const triageMail = defineFunction({
  name: "triage-mail",
  owner: "mail-team",
  purpose: { objective: "Tell wanted mail from the rest.", decision: "Which folder a message is in.", errors: [{ error: "ham labelled spam", cost: "a message is missed" }] },
  boundary: "may label a message, may not delete one",
  input: z.object({ subject: z.string() }),
  output: z.object({ label: z.enum(["ham", "spam"]), confidence: z.number() }),
  latencyBudgetMs: 500,
  variants: { careful: rules(label), plain: rules(label) },
  fallback: ["careful", "plain"],
  monitoring: { window: { requests: 40 } },
});
const tellWanted = defineFunction({
  name: "tell-wanted",
  owner: "mail-team",
  purpose: { objective: "Tell wanted mail from the rest, by a model.", decision: "Which folder a message is in.", errors: [{ error: "ham labelled spam", cost: "a message is missed" }] },
  boundary: "may label a message, may not delete one",
  input: z.object({ subject: z.string() }),
  output: z.object({ label: z.string(), confidence: z.number() }),
  latencyBudgetMs: 500,
  variants: { learned: model({ model: "tell-wanted" }), plain: rules(label) },
  fallback: ["learned", "plain"],
  retraining: { dataset: "mail", onAlert: false, gate: { margin: 0.2 }, shadowRequests: 3, canaryRequests: 3, afterRequests: 3 },
});
export default defineConfig({
  functions: [triageMail, tellWanted],
  egress: { hosts: [{ host: "127.0.0.1", private: true, http: true, ports: [${upstream.port}] }] },
  gateway: {
    providers: { one: { dialect: "openai", baseUrl: "${upstream.origin}/v1", attempts: 1 } },
    models: { careful: ["one/status:500", "one/ok"] },
    prices: [{ provider: "one", model: "*", from: "2020-01-01", perMillion: { input: "0", output: "1000" } }],
    budgets: [{ name: "month", per: "project", limits: { costUsd: "5" }, windowSeconds: 2_592_000 }],
  },
});
`;
