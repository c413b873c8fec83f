import { type Command, InvalidArgumentError } from "commander";
import type { ScoreOptions, ScoreReport } from "../../data/index.ts";
import { count, difference, interval, percent } from "../format.ts";
import type { Session } from "../session.ts";
import { findFile } from "./input.ts";
import { section, table } from "./show.ts";
import { type Registrar, addVerb, parseShare } from "./verb.ts";

/** `data score`: what a file of predictions is worth, without a server. */
export function addScore(data: Command, registrar: Registrar): void {
  addVerb(data, registrar, {
    usage: "score <file>",
    description: "score a file of predictions: metrics with intervals, calibration, conformal sets, fairness by group, worst slices",
    example: "data score predictions.jsonl --task classification --positive spam",
    options: [
      { flags: "--task <task>", description: "what was predicted", choices: ["classification", "regression", "ranking"], required: true },
      { flags: "--positive <label>", description: "the label that is looked for; of two labels the later in the alphabet" },
      { flags: "--at <places>", description: "ranking: how many places count", parse: parsePlaces, default: 10 },
      { flags: "--quantile <share>", description: "regression: the quantile the score stands for", parse: parseShare, default: 0.5 },
      {
        flags: "--cost-false-positive <cost>",
        description: "classification: what a false alarm costs, for the choice of a threshold",
        parse: parseCost,
      },
      { flags: "--cost-false-negative <cost>", description: "what a missed positive costs", parse: parseCost },
      { flags: "--coverage <share>", description: "what sets or spans of answers are to hold", parse: parseShare, default: 0.9 },
    ],
    run: async (session, [file], options) => {
      const report = await registrar.cli.scorePredictions(findFile(file!), {
        ...(options as unknown as ScoreOptions),
        costs: readCosts(options),
      });
      session.show(report, () => page(session, report));
    },
  });
}

function parsePlaces(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError("It must be a whole number above 0.");
  return Number(text);
}

function parseCost(text: string): number {
  const cost = Number(text);
  if (text.trim() === "" || !(cost > 0 && cost < Infinity)) throw new InvalidArgumentError("It must be a number above 0.");
  return cost;
}

function readCosts({ costFalsePositive, costFalseNegative }: Record<string, unknown>): ScoreOptions["costs"] {
  if (costFalsePositive === undefined && costFalseNegative === undefined) return undefined;
  if (costFalsePositive === undefined || costFalseNegative === undefined)
    throw new InvalidArgumentError("A threshold weighs both errors: give --cost-false-positive and --cost-false-negative.");
  return { falsePositive: costFalsePositive as number, falseNegative: costFalseNegative as number };
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
    ...(report.thresholds === null ? [] : [section(session, "Threshold by cost", thresholds(session, report.thresholds))]),
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
        { title: "P", value: ({ pValue }) => (pValue < 1e-12 ? "< 1e-12" : pValue.toExponential(1)), align: "right" },
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

function thresholds(session: Session, { half, byCosts, chosen }: NonNullable<ScoreReport["thresholds"]>): string {
  const rows = [
    { name: "at 0.5", ...half },
    { name: "by the costs alone", ...byCosts },
    ...(chosen === null ? [] : [{ name: "cheapest on these rows", ...chosen }]),
  ];
  return table(session, rows, [
    { title: "THRESHOLD", value: ({ name }) => name },
    { title: "FROM", value: ({ threshold }) => figure(threshold), align: "right" },
    { title: "COST OF A ROW", value: ({ cost }) => figure(cost.value), align: "right" },
    { title: "95% INTERVAL", value: ({ cost }) => `${figure(cost.low)} to ${figure(cost.high)}` },
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
