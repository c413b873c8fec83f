import type { SeriesPoint } from "@millrace/contract";
import type { ReactNode } from "react";
import { count, milliseconds, percent } from "../format.ts";
import { Chart } from "../parts/chart.tsx";

/** As many series as a chart has colours. */
const most = 3;

export function FunctionCharts({ points }: { points: readonly SeriesPoint[] }): ReactNode {
  const at = points.map((point) => point.from);
  const variants = namesOf(points, "variants");
  const labels = namesOf(points, "labels");
  const whole = (value: number) => count(Math.round(value));
  const share = (value: number) => percent(value, 0);
  const fromZero = (_low: number, high: number): [number, number] => [0, high > 0 ? high * 1.08 : 1];
  return (
    <div className="grid two">
      <Chart
        wide
        title="Accuracy"
        note="from true labels that came back, with 95% interval"
        at={at}
        format={share}
        range={(low) => [Math.max(0, Math.floor(low * 10) / 10), 1]}
        series={[
          {
            label: "accuracy",
            values: points.map((point) => point.accuracy?.value ?? null),
            low: points.map((point) => point.accuracy?.low ?? null),
            high: points.map((point) => point.accuracy?.high ?? null),
            n: points.map((point) => point.accuracy?.n ?? null),
          },
        ]}
      />
      <Chart
        title="Answers"
        note="share of each label"
        at={at}
        range={() => [0, 1]}
        format={share}
        series={labels.map((label) => ({ label, values: points.map((point) => shareOf(point, label)) }))}
      />
      <Chart
        title="Requests"
        note="by variant"
        at={at}
        kind="stacked"
        range={fromZero}
        format={whole}
        series={variants.map((variant) => ({ label: variant, values: points.map((point) => point.variants[variant] ?? 0) }))}
      />
      <Chart
        title="Latency"
        at={at}
        range={fromZero}
        format={milliseconds}
        series={[
          { label: "p50", values: points.map((point) => point.p50Ms) },
          { label: "p99", values: points.map((point) => point.p99Ms) },
        ]}
      />
      <Chart
        title="Fallbacks"
        note="answered by the next variant in the chain"
        at={at}
        kind="stacked"
        range={(_low, high) => [0, Math.max(4, high * 1.08)]}
        format={whole}
        series={[{ label: "fallbacks", values: points.map((point) => point.fallbacks) }]}
      />
    </div>
  );
}

/** The most frequent first. */
function namesOf(points: readonly SeriesPoint[], field: "variants" | "labels"): string[] {
  const totals = new Map<string, number>();
  for (const point of points) for (const [name, value] of Object.entries(point[field])) totals.set(name, (totals.get(name) ?? 0) + value);
  return [...totals]
    .toSorted(([first, a], [second, b]) => b - a || first.localeCompare(second))
    .slice(0, most)
    .map(([name]) => name);
}

function shareOf(point: SeriesPoint, label: string): number | null {
  const total = Object.values(point.labels).reduce((sum, value) => sum + value, 0);
  return total === 0 ? null : (point.labels[label] ?? 0) / total;
}
