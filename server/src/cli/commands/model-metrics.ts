import type { Estimate, RunMetrics } from "@millrace/contract";
import { count, estimate, interval, percent } from "../format.ts";
import type { Session } from "../session.ts";
import { facts, section, table } from "./show.ts";

/** In the label's own unit, as many digits as tell something: `47,912 [46,803, 48,996]`. */
function number(value: number): string {
  return value.toLocaleString("en-US", Math.abs(value) >= 1000 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 4 });
}

function numberInterval({ value, low, high }: Estimate): string {
  return `${number(value)} [${number(low)}, ${number(high)}]`;
}

/** Errors are in the label's unit, everything else is a share. */
function isError(metric: string): boolean {
  return metric === "mae" || metric === "rmse";
}

function measured(metric: string, value: Estimate): string {
  return isError(metric) ? numberInterval(value) : interval(value);
}

/** The one figure of a run: accuracy, or the root mean squared error. */
export function headline(metrics: RunMetrics): string {
  return metrics.task === "regression" ? `RMSE ${numberInterval(metrics.rmse)}` : interval(metrics.accuracy);
}

export function rowsMeasured(metrics: RunMetrics): number {
  return metrics.task === "regression" ? metrics.rmse.n : metrics.accuracy.n;
}

export function qualityFacts(metrics: RunMetrics): [string, string][] {
  if (metrics.task === "regression") {
    return [
      ["root mean squared error", `${numberInterval(metrics.rmse)} n=${count(metrics.rmse.n)}`],
      ["mean absolute error", numberInterval(metrics.mae)],
      ["variance explained (R2)", metrics.r2 === null ? "the rows do not vary" : interval(metrics.r2)],
    ];
  }
  return [
    ["accuracy", estimate(metrics.accuracy)],
    ...(metrics.auc === undefined ? [] : [["area under the ROC curve", interval(metrics.auc)] as [string, string]]),
    ["calibration error", metrics.ece.toFixed(4)],
    ["log loss", metrics.logLoss.toFixed(4)],
  ];
}

/** Quality, baselines, inputs by weight, slices and confusion of the rows held back. */
export function metricsSections(session: Session, metrics: RunMetrics): string[] {
  const baselines = (metrics.baselines ?? []).map(({ name, metric, estimate: value }): [string, string] => [
    `baseline ${name}, ${metric}`,
    measured(metric, value),
  ]);
  const importances = metrics.importances ?? [];
  const promised = metrics.conformal === undefined ? [] : [promise(metrics.task, metrics.conformal)];
  return [
    section(session, "Quality on the rows held back", facts(session, [...qualityFacts(metrics), ...promised, ...baselines])),
    ...(importances.length === 0
      ? []
      : [
          section(
            session,
            "What moved the answers",
            table(session, importances.slice(0, 20), [
              { title: "INPUT", value: (item) => item.input, flexible: true },
              { title: "SHARE", value: (item) => percent(item.share), align: "right" },
            ]),
          ),
        ]),
    section(
      session,
      "By slice",
      table(session, metrics.slices, [
        { title: "SLICE", value: (item) => item.slice, flexible: true },
        { title: "METRIC", value: (item) => item.metric },
        { title: "VALUE", value: (item) => part(item.metric, item.estimate.value), align: "right" },
        { title: "LOW", value: (item) => part(item.metric, item.estimate.low), align: "right" },
        { title: "HIGH", value: (item) => part(item.metric, item.estimate.high), align: "right" },
        { title: "N", value: (item) => count(item.estimate.n), align: "right" },
      ]),
    ),
    ...weakSlices(session, metrics),
    ...fairness(session, metrics),
    ...(metrics.task === "regression" ? [] : confusion(session, metrics.confusion)),
  ];
}

function weakSlices(session: Session, { weakSlices: found }: RunMetrics): string[] {
  if (found === undefined || found.slices.length === 0) return [];
  const { slices, looked } = found;
  const rows = table(session, slices, [
    { title: "ROWS", value: (item) => item.conditions.join(" and "), flexible: true },
    { title: "METRIC", value: (item) => item.metric },
    { title: "VALUE (95 %)", value: (item) => measured(item.metric, item.estimate), align: "right" },
    { title: "THE REST", value: (item) => part(item.metric, item.others), align: "right" },
    { title: "N", value: (item) => count(item.estimate.n), align: "right" },
  ]);
  return [section(session, `Worse than the rest (of ${count(looked)} groups looked at)`, rows)];
}

function fairness(session: Session, metrics: RunMetrics): string[] {
  if (metrics.task === "regression" || metrics.fairness === undefined || metrics.fairness.length === 0) return [];
  const rows = table(session, metrics.fairness, [
    { title: "COLUMN", value: (item) => item.column },
    { title: "LABEL", value: (item) => item.label },
    { title: "CRITERION", value: (item) => item.criterion },
    { title: "HIGHEST", value: (item) => item.highest, flexible: true },
    { title: "LOWEST", value: (item) => item.lowest },
    { title: "GAP (95 %)", value: (item) => interval(item.difference), align: "right" },
  ]);
  return [section(session, "Gaps between groups", rows)];
}

function promise(task: RunMetrics["task"], { coverage, bound, rows }: NonNullable<RunMetrics["conformal"]>): [string, string] {
  const what = task === "regression" ? `within ${number(bound)} of the answer` : `among labels of ${percent(1 - bound)} or more`;
  return [`${percent(coverage, 0)} of rows are`, `${what} (n=${count(rows)})`];
}

function part(metric: string, value: number): string {
  return isError(metric) ? number(value) : percent(value);
}

function confusion(session: Session, { labels, counts }: { labels: string[]; counts: number[][] }): string[] {
  if (labels.length > 12) return [];
  const rows = counts.map((row, at) => ({ label: labels[at]!, row }));
  return [
    section(
      session,
      "Confusion (rows: truth, columns: answer)",
      table(session, rows, [
        { title: "", value: (item) => item.label },
        ...labels.map((label, at) => ({
          title: label,
          value: (item: { row: number[] }) => count(item.row[at]),
          align: "right" as const,
        })),
      ]),
    ),
  ];
}
