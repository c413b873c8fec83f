import type { Cause, Diagnosis } from "./diagnose.ts";

export interface PlaybookFacts {
  readonly function: string;
  readonly reference: string;
}

const titles: Readonly<Record<Cause, (words: string) => string>> = {
  "label-share": (words) => `The share of labels moved: ${words}`,
  "input-change": (words) => `Inputs changed: ${words}`,
  quality: (words) => `Answers got worse: ${words}`,
  latency: (words) => `Answers are slow: ${words}`,
  failures: (words) => `Requests fail: ${words}`,
};

/** One line that says what happened, with numbers. */
export function writeTitle({ cause, signals }: Diagnosis): string {
  const [first] = signals;
  const quality = cause === "input-change" ? signals.find((signal) => signal.monitor === "accuracy") : undefined;
  const words = first!.monitor === "input-drift" ? `${first!.measure}, ${first!.detail}` : first!.detail;
  return titles[cause](quality === undefined ? words : `${words}; and answers got worse: ${quality.detail}`);
}

const playbooks: Readonly<Record<Cause, (facts: PlaybookFacts) => readonly string[]>> = {
  "label-share": ({ function: name, reference }) => [
    `See which labels moved, and since when: \`millrace monitoring windows ${name}\`.`,
    "Ask whether the world changed (a season, a campaign, a filter in front of this function) or the way requests reach it.",
    `If it is here to stay, the model's idea of how likely each label is comes from ${reference} and is out of date: retrain on what came since (\`millrace release retrain ${name} --reason "label share"\`).`,
    "Until then expect more errors towards the label that became rare; send labels for it first.",
    "If the change is a fault upstream, repair it there and resolve this alert.",
  ],
  "input-change": ({ function: name, reference }) => [
    `Compare inputs of these windows with those of ${reference}: \`millrace inferences list --function ${name}\`. Look for a new source, another language, an empty or cut field, another format.`,
    "If a field arrives broken, repair it at its sender; the model is not at fault.",
    "If it is a new kind of input that will stay, label some of it, then retrain on it.",
    `If answers got worse and people suffer: release the fallback, or switch off (\`millrace kill ${name}\`).`,
  ],
  quality: ({ function: name }) => [
    `Open some misread inferences: \`millrace inferences list --function ${name} --misread true\`, and \`millrace explain <id>\`.`,
    "Inputs look as they did, so ask first whether the labels are right: a new labeller, another rule for borderline cases.",
    "If the labels are right, what they depend on has changed: retrain on what came since.",
    `If a release came just before, go back: \`millrace release rollback ${name} --reason "quality"\`.`,
  ],
  latency: ({ function: name }) => [
    `See which variant is slow: \`millrace functions show ${name}\`, and the steps of a slow inference: \`millrace explain <id>\`.`,
    "Look at the load of the nodes (`millrace jobs nodes`), at what runs beside them, and at the size of the inputs.",
    "If a release came just before, roll it back.",
    "If the budget is too tight for what is asked, change it in the configuration, with its owner.",
  ],
  failures: ({ function: name }) => [
    `See why the variant failed: \`millrace inferences list --function ${name} --fallback true\`, then \`millrace explain <id>\`.`,
    "If a model is not loaded or its thread dies, see `/health/ready` and the log of the node named in the evidence.",
    "The fallback answers meanwhile: check that what it says is good enough; else switch the function off.",
    "If a release came just before, roll it back.",
  ],
};

/** What to do, in steps. Markdown. */
export function writePlaybook(cause: Cause, facts: PlaybookFacts): string {
  return playbooks[cause](facts)
    .map((step, index) => `${index + 1}. ${step}`)
    .join("\n");
}
