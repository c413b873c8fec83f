import { type ReactNode, useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

export interface Series {
  readonly label: string;
  readonly values: readonly (number | null)[];
  /** 95% interval around the values, drawn as a band. */
  readonly low?: readonly (number | null)[];
  readonly high?: readonly (number | null)[];
}

interface ChartProps {
  readonly title: string;
  /** Instants (ISO), one for each value. */
  readonly at: readonly string[];
  readonly series: readonly Series[];
  readonly format: (value: number) => string;
  readonly kind?: "line" | "bars";
  /** Fixes the lower and upper end of the scale. */
  readonly range?: [number, number] | undefined;
}

const colours = ["--series-1", "--series-2", "--series-3"];
const height = 200;

function colourOf(index: number): string {
  return getComputedStyle(document.documentElement)
    .getPropertyValue(colours[index % colours.length]!)
    .trim();
}

/** A chart over time. The same numbers stand in a table for readers of the screen, reached by "Show numbers". */
export function Chart({ title, at, series, format, kind = "line", range }: ChartProps): ReactNode {
  const holder = useRef<HTMLDivElement>(null);
  const key = JSON.stringify([at, series]);

  useEffect(() => {
    const element = holder.current;
    if (element === null || at.length === 0) return;
    const draw = () => {
      element.replaceChildren();
      const ink = getComputedStyle(document.documentElement).getPropertyValue("--quiet").trim();
      const line = getComputedStyle(document.documentElement).getPropertyValue("--line").trim();
      const columns: (number | null)[][] = [];
      const drawn: uPlot.Series[] = [{ label: "time" }];
      const bands: uPlot.Band[] = [];
      for (const [index, each] of series.entries()) {
        const stroke = colourOf(index);
        columns.push([...each.values]);
        drawn.push({
          label: each.label,
          stroke,
          width: 2,
          spanGaps: true,
          points: { size: 5 },
          ...(kind === "bars" ? { fill: `${stroke}55`, paths: uPlot.paths.bars!({ size: [0.7, 40] }), points: { show: false } } : {}),
        });
        if (each.low !== undefined && each.high !== undefined) {
          columns.push([...each.high], [...each.low]);
          const edge = { stroke: "transparent", width: 0, points: { show: false }, spanGaps: true };
          drawn.push({ label: `${each.label} high`, ...edge }, { label: `${each.label} low`, ...edge });
          bands.push({ series: [drawn.length - 2, drawn.length - 1], fill: `${stroke}26` });
        }
      }
      const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 }, font: "12px system-ui" };
      const times = at.map((instant) => Date.parse(instant) / 1000);
      new uPlot(
        {
          width: element.clientWidth,
          height,
          series: drawn,
          bands,
          legend: { show: false },
          cursor: { y: false },
          scales: { y: range === undefined ? {} : { range } },
          axes: [axis, { ...axis, size: 62, values: (_plot, ticks) => ticks.map((tick) => format(tick)) }],
        },
        [times, ...columns] as uPlot.AlignedData,
        element,
      );
    };
    draw();
    const resized = new ResizeObserver(draw);
    resized.observe(element);
    const themed = new MutationObserver(draw);
    themed.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    return () => {
      resized.disconnect();
      themed.disconnect();
      element.replaceChildren();
    };
    // The key stands for the data: arrays are new on every render, their content is not.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [key, kind]);

  return (
    <figure className="card" aria-label={title}>
      <h2>{title}</h2>
      {at.length === 0 ? <p className="quiet">Nothing to draw yet.</p> : <div className="chart" ref={holder} aria-hidden="true" />}
      <div className="legend">
        {series.map((each, index) => (
          <span key={each.label}>
            <i className={`c${(index % colours.length) + 1}`} />
            {each.label}
          </span>
        ))}
        {series.some((each) => each.low !== undefined) && <span>band: 95% interval</span>}
      </div>
      <details>
        <summary className="quiet">Show numbers</summary>
        <div className="scroll">
          <table>
            <thead>
              <tr>
                <th>From</th>
                {series.map((each) => (
                  <th className="number" key={each.label}>
                    {each.label}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {at.map((instant, row) => (
                <tr key={instant}>
                  <td>{instant.slice(0, 16).replace("T", " ")}</td>
                  {series.map((each) => (
                    <td className="number" key={each.label}>
                      {each.values[row] == null ? "–" : format(each.values[row])}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </figure>
  );
}
