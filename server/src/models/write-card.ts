import type { CreateRun, Estimate, RunMetrics } from "@millrace/contract";
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
  const inputs = signature.inputs.map((input) => `\`${input.name}\` (${input.type})`).join(", ");
  const answer = signature.task === "regression" ? "a number" : `one of ${signature.labels.length} labels`;
  return [
    `# ${request.model}@${version}`,
    "",
    `Answers ${answer} from ${inputs}. Trainer \`${request.trainer}\`: ${trainer}.`,
    "",
    "## Trained on",
    "",
    `Dataset \`${request.dataset}\`, its rows but those held back. Seed ${request.seed}. ${fitted.trainSeconds.toFixed(1)} s.`,
    "",
    ...Object.entries(facts).map(([name, value]) => `- ${name}: ${Number.isInteger(value) ? value : value.toPrecision(4)}`),
    ...Object.entries(request.parameters).map(([name, value]) => `- parameter ${name}: ${JSON.stringify(value)}`),
    "",
    "## Quality on the rows held back",
    "",
    ...qualityLines(metrics),
    ...promiseLines(metrics),
    ...baselineLines(metrics),
    ...importanceLines(metrics),
    ...weakLines(metrics),
    ...fairnessLines(metrics),
    "",
    "## Limits",
    "",
    ...(signature.task === "regression"
      ? ["- Answers a number for whatever it is shown, also far from the rows it was trained on; its range is as wide there as anywhere."]
      : [
          `- Knows only the labels ${signature.labels.length > 12 ? `in its signature` : signature.labels.map((label) => `\`${label}\``).join(", ")}: whatever it is shown, it answers one of them.`,
          "- Confidence is what rows like the training rows bear out; where inputs drift, it is not.",
        ]),
    ...(signature.inputs.some(({ type }) => type === "text")
      ? [`- Reads the first ${signature.text.maxCharacters} characters of each text.`]
      : []),
    "",
  ].join("\n");
}

function qualityLines(metrics: RunMetrics): string[] {
  if (metrics.task === "regression") {
    return [
      `- root mean squared error ${number(metrics.rmse)}`,
      `- mean absolute error ${number(metrics.mae)}`,
      `- variance explained (R2) ${metrics.r2 === null ? "unknown: the rows do not vary" : percent(metrics.r2)}`,
    ];
  }
  const weakest = metrics.slices
    .filter((slice) => slice.metric === "recall" && slice.estimate.n > 0)
    .sort((a, b) => a.estimate.value - b.estimate.value)[0];
  return [
    `- accuracy ${percent(metrics.accuracy)}`,
    ...(metrics.auc === undefined ? [] : [`- area under the ROC curve ${percent(metrics.auc)}`]),
    `- expected calibration error (15 bins, top label) ${metrics.ece.toFixed(4)}`,
    `- log loss ${metrics.logLoss.toFixed(4)}`,
    ...(weakest === undefined ? [] : [`- weakest recall: ${weakest.slice}, ${percent(weakest.estimate)}`]),
  ];
}

function promiseLines({ task, conformal }: RunMetrics): string[] {
  if (conformal === undefined) return [];
  const { coverage, bound, rows } = conformal;
  const held =
    task === "regression"
      ? `lie within ${bound.toLocaleString("en-US", { maximumSignificantDigits: 5 })} of the answer`
      : "are among the labels of its set";
  return [`- at least ${100 * coverage} % of rows like those held back ${held} (conformal, n = ${rows})`];
}

function baselineLines({ baselines = [] }: RunMetrics): string[] {
  return baselines.map(
    ({ name, metric, estimate }) => `- baseline ${name}: ${metric} ${metric === "accuracy" ? percent(estimate) : number(estimate)}`,
  );
}

function importanceLines({ importances = [] }: RunMetrics): string[] {
  if (importances.length === 0) return [];
  const shares = importances.slice(0, 10).map(({ input, share }) => `\`${input}\` ${(100 * share).toFixed(1)} %`);
  return [`- what moved the answers: ${shares.join(", ")}${importances.length > 10 ? ", ..." : ""}`];
}

function weakLines({ weakSlices }: RunMetrics): string[] {
  if (weakSlices === undefined) return [];
  const { slices, looked } = weakSlices;
  if (slices.length === 0) return [`- no group of rows does worse than the rest (${looked} looked at)`];
  return slices
    .slice(0, 5)
    .map(
      ({ conditions, metric, estimate, others }) =>
        `- worse than the rest: ${conditions.join(" and ")}: ${metric} ${metric === "mae" ? number(estimate) : percent(estimate)}, others ${others.toPrecision(3)} (of ${looked} groups looked at)`,
    );
}

function fairnessLines(metrics: RunMetrics): string[] {
  if (metrics.task === "regression") return [];
  return (metrics.fairness ?? []).map(
    ({ column, label, criterion, highest, lowest, difference }) =>
      `- gap by \`${column}\`, ${criterion} of \`${label}\`: ${highest} over ${lowest} by ${percent(difference)}`,
  );
}

/** In the label's own unit. */
function number({ value, low, high, n }: Estimate): string {
  const [middle, least, most] = [value, low, high].map((each) => each.toLocaleString("en-US", { maximumSignificantDigits: 5 }));
  return `${middle} (95 %: ${least} to ${most}, n = ${n})`;
}

function percent({ value, low, high, n }: Estimate): string {
  return `${(100 * value).toFixed(1)} % (95 %: ${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)}, n = ${n})`;
}
