import { type ReactNode, useEffect, useRef, useState } from "react";
import type uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { count } from "../format.ts";
import { type Series, drawChart } from "./draw-chart.ts";

interface ChartProps {
  readonly title: string;
  /** What it says, in a line. */
  readonly note?: string;
  /** Instants (ISO), one for each value. */
  readonly at: readonly string[];
  readonly series: readonly Series[];
  readonly format: (value: number) => string;
  /** `stacked` bars add up; lines stand for themselves. */
  readonly kind?: "line" | "stacked";
  /** The lower and upper end of the scale, from the ends of the data. */
  readonly range: (low: number, high: number) => [number, number];
  readonly wide?: boolean;
}

/** A chart over time: pointing at it shows that moment's numbers below. The same numbers stand in a table, for all who do not see it. */
export function Chart({ title, note, at, series, format, kind = "line", range, wide = false }: ChartProps): ReactNode {
  const holder = useRef<HTMLDivElement>(null);
  const [pointed, setPointed] = useState<number | null>(null);
  const key = JSON.stringify([at, series]);
  const empty = !series.some((each) => each.values.some((value) => value !== null));

  useEffect(() => {
    const element = holder.current;
    if (element === null) return;
    let plot: uPlot | undefined;
    const draw = () => {
      plot?.destroy();
      plot = drawChart({ element, at, series, format, range, stacked: kind === "stacked", onPoint: setPointed });
    };
    const resized = new ResizeObserver(() => {
      if (plot === undefined || plot.width !== element.clientWidth) draw();
    });
    resized.observe(element);
    const themed = new MutationObserver(draw);
    themed.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", draw);
    return () => {
      resized.disconnect();
      themed.disconnect();
      scheme.removeEventListener("change", draw);
      plot?.destroy();
    };
    // The key stands for the data: arrays are new on every render, their content is not.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [key, kind, empty]);

  const value = (each: Series, index: number) => (each.values[index] == null ? "–" : format(each.values[index]));
  return (
    <figure className={wide ? "card wide" : "card"} aria-label={title}>
      <h2>
        {title} {note !== undefined && <span className="quiet">{note}</span>}
      </h2>
      {empty ? (
        <p className="chart none">Nothing to draw yet.</p>
      ) : (
        <>
          <div className="chart" ref={holder} aria-hidden="true" />
          <div className="legend" aria-hidden="true">
            <span className="moment">{pointed === null ? "" : moment(at[pointed]!)}</span>
            {series.map((each, index) => (
              <span key={each.label}>
                <i className={`c${index + 1}`} />
                {each.label}
                {pointed !== null && <b> {value(each, pointed)}</b>}
                {pointed !== null && <small>{interval(each, pointed, format)}</small>}
              </span>
            ))}
          </div>
          <details>
            <summary>Numbers</summary>
            <div className="scroll tall">
              <table>
                <caption className="hidden">{title}</caption>
                <thead>
                  <tr>
                    <th scope="col">From (UTC)</th>
                    {series.map((each) => (
                      <th className="number" scope="col" key={each.label}>
                        {each.label}
                      </th>
                    ))}
                  </tr>
                </thead>
                <tbody>
                  {at.map((instant, row) => (
                    <tr key={instant}>
                      <td className="number start">{moment(instant)}</td>
                      {series.map((each) => (
                        <td className="number" key={each.label}>
                          {value(each, row)}
                          <small>{interval(each, row, format)}</small>
                        </td>
                      ))}
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          </details>
        </>
      )}
    </figure>
  );
}

function moment(instant: string): string {
  return instant.slice(0, 16).replace("T", " ");
}

function interval(series: Series, index: number, format: (value: number) => string): string {
  const low = series.low?.[index];
  const high = series.high?.[index];
  const n = series.n?.[index];
  return low == null || high == null ? "" : ` [${format(low)}, ${format(high)}]${n == null ? "" : ` n ${count(n)}`}`;
}
