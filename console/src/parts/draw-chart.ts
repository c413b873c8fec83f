import uPlot from "uplot";

type Values = readonly (number | null)[];

export interface Series {
  readonly label: string;
  readonly values: Values;
  /** 95% interval around the values, drawn as a band. */
  readonly low?: Values;
  readonly high?: Values;
  /** Rows behind each value. */
  readonly n?: Values;
}

export interface Drawing {
  readonly element: HTMLElement;
  readonly at: readonly string[];
  readonly series: readonly Series[];
  readonly format: (value: number) => string;
  readonly range: (low: number, high: number) => [number, number];
  readonly stacked: boolean;
  /** The place in `at` under the pointer, null when it left. */
  readonly onPoint: (index: number | null) => void;
}

const colours = ["--series-1", "--series-2", "--series-3"];
const height = 200;

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** Draws with the colours of the theme in force; the caller draws again when theme, size or data change. */
export function drawChart({ element, at, series, format, range, stacked, onPoint }: Drawing): uPlot {
  const axis: uPlot.Axis = {
    stroke: colour("--quiet"),
    grid: { stroke: colour("--grid"), width: 1 },
    ticks: { show: false },
    font: "12px system-ui, sans-serif",
  };
  const times = at.map((instant) => Date.parse(instant) / 1000);
  // Half a bar at either end, so that none is cut.
  const half = stacked ? (times.length < 2 ? 1800 : (times[1]! - times[0]!) / 2) : 0;
  const { columns, drawn, bands } = stacked ? stack(series) : lines(series);
  return new uPlot(
    {
      width: element.clientWidth,
      height,
      padding: [10, 26, 0, 0],
      series: [{}, ...drawn],
      bands,
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { show: !stacked } },
      scales: {
        x: { range: (_plot, low, high) => [low - half, high + half] },
        y: { range: (_plot, low, high) => range(low ?? 0, high ?? 1) },
      },
      axes: [
        {
          ...axis,
          grid: { show: false },
          space: 90,
          size: 30,
          values: (...[, ticks, , , step]) => ticks.map((tick) => nameTick(tick, step)),
        },
        { ...axis, size: 56, values: (_plot, ticks) => ticks.map(format) },
      ],
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      hooks: { setCursor: [(plot) => onPoint(plot.cursor.idx ?? null)] },
    },
    [times, ...columns] as uPlot.AlignedData,
    element,
  );
}

const monthFormat = new Intl.DateTimeFormat("en-GB", { month: "short", year: "numeric", timeZone: "UTC" });
const dayFormat = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });

function nameTick(seconds: number, stepSeconds: number): string {
  const instant = new Date(seconds * 1000);
  if (stepSeconds >= 28 * 86_400) return monthFormat.format(instant);
  if (stepSeconds >= 86_400) return dayFormat.format(instant);
  return instant.toISOString().slice(11, stepSeconds >= 60 ? 16 : 19);
}

interface Parts {
  readonly columns: Values[];
  readonly drawn: uPlot.Series[];
  readonly bands: uPlot.Band[];
}

function lines(series: readonly Series[]): Parts {
  const parts: Parts = { columns: [], drawn: [], bands: [] };
  for (const [index, each] of series.entries()) {
    const stroke = colour(colours[index % colours.length]!);
    if (each.low !== undefined && each.high !== undefined) {
      parts.columns.push(each.high, each.low);
      const edge: uPlot.Series = { stroke: "transparent", width: 0, points: { show: false }, spanGaps: true };
      parts.drawn.push(edge, edge);
      parts.bands.push({ series: [parts.drawn.length - 1, parts.drawn.length], fill: `${stroke}2e` });
    }
    parts.columns.push(each.values);
    parts.drawn.push({ stroke, width: 2, spanGaps: true, points: { size: 5, fill: stroke } });
  }
  return parts;
}

/** The tallest is drawn first, each of the others in front of it: what is seen of it is what it adds. */
function stack(series: readonly Series[]): Parts {
  const parts: Parts = { columns: [], drawn: [], bands: [] };
  let below: readonly number[] = [];
  for (const [index, each] of series.entries()) {
    const stroke = colour(colours[index % colours.length]!);
    below = each.values.map((value, row) => (value ?? 0) + (below[row] ?? 0));
    parts.columns.unshift(below);
    parts.drawn.unshift({ fill: stroke, width: 0, paths: uPlot.paths.bars!({ size: [0.72, 48], radius: 0.1 }), points: { show: false } });
  }
  return parts;
}
