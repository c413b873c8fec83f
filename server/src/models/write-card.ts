import type { CreateRun, Estimate } from "@millrace/contract";
import type { FittedModel } from "./fit-model.ts";

export interface CardInput {
  readonly request: CreateRun;
  readonly version: number;
  readonly fitted: FittedModel;
  /** What the trainer does, in one sentence. */
  readonly trainer: string;
}

/** The model card, in Markdown: what it is, what it was trained on, how well it did on rows it had not seen, where it falls short. */
export function writeCard({ request, version, fitted, trainer }: CardInput): string {
  const { signature, metrics, facts } = fitted;
  const weakest = metrics.slices
    .filter((slice) => slice.metric === "recall" && slice.estimate.n > 0)
    .sort((a, b) => a.estimate.value - b.estimate.value)[0];
  return [
    `# ${request.model}@${version}`,
    "",
    `Answers one of ${signature.labels.length} labels from ${signature.inputs.map((input) => `\`${input.name}\` (${input.type})`).join(", ")}. Trainer \`${request.trainer}\`: ${trainer}.`,
    "",
    "## Trained on",
    "",
    `Dataset \`${request.dataset}\`, its rows before the part held back by time. Seed ${request.seed}. ${fitted.trainSeconds.toFixed(1)} s.`,
    "",
    ...Object.entries(facts).map(([name, value]) => `- ${name}: ${Number.isInteger(value) ? value : value.toPrecision(4)}`),
    ...Object.entries(request.parameters).map(([name, value]) => `- parameter ${name}: ${JSON.stringify(value)}`),
    "",
    "## Quality on the rows held back",
    "",
    `- accuracy ${percent(metrics.accuracy)}`,
    `- expected calibration error (15 bins, top label) ${metrics.ece.toFixed(4)}`,
    `- log loss ${metrics.logLoss.toFixed(4)}`,
    ...(weakest === undefined ? [] : [`- weakest recall: ${weakest.slice}, ${percent(weakest.estimate)}`]),
    "",
    "## Limits",
    "",
    `- Knows only the labels ${signature.labels.length > 12 ? `in its signature` : signature.labels.map((label) => `\`${label}\``).join(", ")}: whatever it is shown, it answers one of them.`,
    `- Reads the first ${signature.text.maxCharacters} characters of each text.`,
    "- Confidence is calibrated to rows like the training rows; where inputs drift, it is not.",
    "",
  ].join("\n");
}

function percent({ value, low, high, n }: Estimate): string {
  return `${(100 * value).toFixed(1)} % (95 %: ${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)}, n = ${n})`;
}
