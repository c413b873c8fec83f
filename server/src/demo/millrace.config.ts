import { defineConfig, defineFunction, model, rules } from "millrace";
import { z } from "zod";
import { readsLikeSpam } from "./rules.ts";

const triageMail = defineFunction({
  name: "triage-mail",
  owner: "mail-team",
  purpose: {
    objective: "Tell mail people want from mail they do not.",
    decision: "Which folder a message is shown in.",
    errors: [
      { error: "spam labelled ham", cost: "a person reads and deletes one message" },
      { error: "ham labelled spam", cost: "a person may miss a message that mattered" },
    ],
  },
  boundary: "may label a message, may not delete or answer one",
  input: z.object({ subject: z.string(), body: z.string() }),
  output: z.object({ label: z.enum(["ham", "spam"]), confidence: z.number().min(0).max(1) }),
  latencyBudgetMs: 50,
  variants: {
    learned: model({ model: "triage-mail" }),
    rules: rules(readsLikeSpam),
  },
  fallback: ["learned", "rules"],
  retraining: { onAlert: true, afterLabels: 1500, dataset: "mail", trainer: "text-classifier" },
});

export default defineConfig({ functions: [triageMail] });
