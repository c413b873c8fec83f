import type { Command } from "commander";
import type { ScoreOptions, ScoreReport } from "../../data/index.ts";
import { count, difference, interval, percent } from "../format.ts";
import type { Session } from "../session.ts";
import { section, table } from "./show.ts";
import { type Registrar, addVerb, parseShare, parseWhole } from "./verb.ts";

/** `data score`: what a file of predictions is worth, without a server. */
export function addScore(data: Command, registrar: Registrar): void {
  addVerb(data, registrar, {
    usage: "score <file>",
    description: "score a file of predictions: metrics with intervals, calibration, conformal sets, fairness by group, worst slices",
    example: "data score predictions.jsonl --task classification --positive spam",
    options: [
      { flags: "--task <task>", description: "what was predicted", choices: ["classification", "regression", "ranking"], required: true },
      { flags: "--positive <label>", description: "the label that is looked for; of two labels the later in the alphabet" },
      { flags: "--at <places>", description: "ranking: how many places count", parse: parseWhole, default: 10 },
      { flags: "--quantile <share>", description: "regression: the quantile the score stands for", parse: parseShare, default: 0.5 },
      { flags: "--coverage <share>", description: "what sets or spans of answers are to hold", parse: parseShare, default: 0.9 },
    ],
    run: async (session, [file], options) => {
      const report = await registrar.cli.scorePredictions(file!, options as unknown as ScoreOptions);
      session.show(report, () => page(session, report));
    },
  });
}

/** As many digits as matter. */
function figure(value: number | null): string {
  return value === null
    ? "–"
    : Number(value.toPrecision(Math.abs(value) >= 1000 ? 7 : 4)).toLocaleString("en-US", { maximumFractionDigits: 6 });
}

function page(session: Session, report: ScoreReport): string {
  return [
    `${session.palette.strong(report.task)}  ${count(report.rows)} rows`,
    section(
      session,
      "Metrics",
      table(session, report.metrics, [
        { title: "METRIC", value: ({ name }) => name, flexible: true },
        { title: "VALUE", value: ({ value }) => figure(value), align: "right" },
        { title: "95% INTERVAL", value: ({ low, high }) => (low === null || high === null ? null : `${figure(low)} to ${figure(high)}`) },
        { title: "N", value: ({ n }) => count(n), align: "right" },
      ]),
    ),
    ...(report.calibration.length === 0
      ? []
      : [section(session, "Calibration (fitted on one half, measured on the other)", calibration(session, report))]),
    ...(report.conformal === null ? [] : [section(session, "Conformal", conformal(report.conformal))]),
    ...(report.fairness === null
      ? []
      : [section(session, `Fairness, "${report.fairness.positive}" selected`, fairness(session, report.fairness))]),
    section(
      session,
      `Slices worse than the rest (${count(report.slices.looked)} looked at, 5% after correction)`,
      table(session, report.slices.found, [
        { title: "SLICE", value: ({ conditions }) => conditions.join(" and "), flexible: true },
        { title: "ROWS", value: ({ n }) => count(n), align: "right" },
        { title: "LOSS", value: ({ loss }) => figure(loss.value), align: "right" },
        { title: "ELSEWHERE", value: ({ otherLoss }) => figure(otherLoss), align: "right" },
        { title: "P", value: ({ pValue }) => pValue.toExponential(1), align: "right" },
      ]),
    ),
  ].join("\n");
}

function calibration(session: Session, report: ScoreReport): string {
  return table(session, report.calibration, [
    { title: "METHOD", value: ({ method }) => method },
    { title: "CALIBRATION ERROR", value: ({ ece }) => figure(ece), align: "right" },
    { title: "LOG LOSS", value: ({ logLoss }) => figure(logLoss), align: "right" },
  ]);
}

function conformal({ promised, covered, size }: NonNullable<ScoreReport["conformal"]>): string {
  return `promised ${percent(promised)}, held ${interval(covered)}; mean size ${figure(size)}`;
}

function fairness(session: Session, { groups, gaps }: NonNullable<ScoreReport["fairness"]>): string {
  const rates = table(session, groups, [
    { title: "GROUP", value: ({ group }) => group, flexible: true },
    { title: "ROWS", value: ({ n }) => count(n), align: "right" },
    { title: "SELECTED", value: ({ rates: all }) => interval(all["selection rate"]) },
    { title: "FOUND OF THE TRUE", value: ({ rates: all }) => interval(all["true positive rate"]) },
    { title: "TRUE OF THE SELECTED", value: ({ rates: all }) => interval(all.precision), spare: true },
  ]);
  const widest = table(session, gaps, [
    { title: "CRITERION", value: ({ criterion }) => criterion },
    { title: "WIDEST GAP", value: ({ highest, lowest }) => `${highest} over ${lowest}`, flexible: true },
    { title: "DIFFERENCE", value: (gap) => difference(gap.difference) },
  ]);
  return `${rates}\n\n${widest}`;
}
