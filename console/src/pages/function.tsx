import type { FunctionDetail, SeriesPoint } from "@millrace/contract";
import { Link, getRouteApi } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { client, queryClient, useOperation } from "../api.ts";
import { count, milliseconds, percent, short } from "../format.ts";
import { Chart } from "../parts/chart.tsx";
import { ErrorBanner, Loaded, Tag } from "../parts/state.tsx";
import { Table } from "../parts/table.tsx";
import { ReleasesCard } from "./releases.tsx";

const route = getRouteApi("/signed-in/functions/$name");

export function FunctionPage(): ReactNode {
  const { name } = route.useParams();
  const { buckets = 30 } = route.useSearch();
  const navigate = route.useNavigate();
  const detail = useOperation("functions.get", { parameters: { name } });
  const series = useOperation("functions.series", { parameters: { name }, query: { buckets } });
  return (
    <Loaded query={detail}>
      {(each) => (
        <>
          <div className="head">
            <div>
              <h1>
                {each.name} <Tag tone={each.off ? "bad" : "good"}>{each.off ? "off" : "on"}</Tag>
              </h1>
              <p>{each.purpose.objective}</p>
            </div>
            <div className="row">
              <Link to="/inferences" search={{ function: name }}>
                Its inferences
              </Link>
              <Switch detail={each} />
            </div>
          </div>
          <Loaded query={series}>{({ points }) => <Charts points={points} />}</Loaded>
          <div className="filters">
            <label>
              Points
              <select value={buckets} onChange={(event) => void navigate({ search: { buckets: Number(event.target.value) } })}>
                {[10, 30, 60, 120].map((value) => (
                  <option key={value}>{value}</option>
                ))}
              </select>
            </label>
          </div>
          <section className="card">
            <h2>Traffic by variant</h2>
            <Traffic detail={each} />
          </section>
          <ReleasesCard name={name} />
          <Purpose detail={each} />
        </>
      )}
    </Loaded>
  );
}

function Charts({ points }: { points: readonly SeriesPoint[] }): ReactNode {
  const at = points.map((point) => point.from);
  const variants = [...new Set(points.flatMap((point) => Object.keys(point.variants)))].sort();
  const labels = [...new Set(points.flatMap((point) => Object.keys(point.labels)))].sort().slice(0, 3);
  const whole = (value: number) => count(Math.round(value));
  return (
    <div className="grid">
      <Chart
        title="Accuracy from late labels"
        at={at}
        format={(value) => percent(value, 0)}
        series={[
          {
            label: "accuracy",
            values: points.map((point) => point.accuracy?.value ?? null),
            low: points.map((point) => point.accuracy?.low ?? null),
            high: points.map((point) => point.accuracy?.high ?? null),
          },
        ]}
      />
      <Chart
        title="Share of each label"
        at={at}
        range={[0, 1]}
        format={(value) => percent(value, 0)}
        series={labels.map((label) => ({ label, values: points.map((point) => share(point, label)) }))}
      />
      <Chart
        title="Requests by variant"
        at={at}
        kind="bars"
        format={whole}
        series={variants.slice(0, 3).map((variant) => ({ label: variant, values: points.map((point) => point.variants[variant] ?? 0) }))}
      />
      <Chart
        title="Latency"
        at={at}
        format={milliseconds}
        series={[
          { label: "p50", values: points.map((point) => point.p50Ms) },
          { label: "p99", values: points.map((point) => point.p99Ms) },
        ]}
      />
      <Chart
        title="Fallbacks"
        at={at}
        kind="bars"
        format={whole}
        series={[{ label: "fallbacks", values: points.map((point) => point.fallbacks) }]}
      />
    </div>
  );
}

function share(point: SeriesPoint, label: string): number | null {
  const total = Object.values(point.labels).reduce((sum, value) => sum + value, 0);
  return total === 0 ? null : (point.labels[label] ?? 0) / total;
}

function Traffic({ detail }: { detail: FunctionDetail }): ReactNode {
  if (detail.traffic.length === 0) return <p className="quiet">No requests yet.</p>;
  return (
    <Table
      label="Traffic by variant"
      rows={detail.traffic}
      keyOf={(each) => `${each.variant} ${each.binding ?? ""}`}
      columns={[
        { title: "Variant", cell: (each) => each.variant },
        { title: "Binding", cell: (each) => <code title={each.binding ?? ""}>{each.binding === null ? "–" : short(each.binding)}</code> },
        { title: "Requests", cell: (each) => count(each.requests), number: true },
        { title: "Fallbacks", cell: (each) => count(each.fallbacks), number: true },
        { title: "Failures", cell: (each) => count(each.failures), number: true },
        { title: "p50", cell: (each) => milliseconds(each.p50Ms), number: true },
        { title: "p99", cell: (each) => milliseconds(each.p99Ms), number: true },
      ]}
    />
  );
}

function Purpose({ detail }: { detail: FunctionDetail }): ReactNode {
  return (
    <section className="card">
      <h2>Purpose sheet</h2>
      <dl className="facts">
        <dt>Owner</dt>
        <dd>{detail.owner}</dd>
        <dt>Decision it changes</dt>
        <dd>{detail.purpose.decision}</dd>
        <dt>Boundary</dt>
        <dd>{detail.boundary}</dd>
        {detail.purpose.errors.map((each) => (
          <ErrorCost key={each.error} error={each.error} cost={each.cost} />
        ))}
        <dt>Latency budget</dt>
        <dd>{detail.latencyBudgetMs} ms</dd>
        <dt>Fallback</dt>
        <dd>{detail.fallback.join(" → ")}</dd>
        <dt>Variants</dt>
        <dd>
          {detail.variants.map((variant) => (
            <div key={variant.name}>
              {variant.name} <span className="quiet">({variant.kind})</span>{" "}
              <Tag tone={variant.ready ? "good" : "warn"}>{variant.ready ? "ready" : "not ready"}</Tag>
            </div>
          ))}
        </dd>
      </dl>
    </section>
  );
}

function ErrorCost({ error, cost }: { error: string; cost: string }): ReactNode {
  return (
    <>
      <dt>Cost of: {error}</dt>
      <dd>{cost}</dd>
    </>
  );
}

function Switch({ detail }: { detail: FunctionDetail }): ReactNode {
  const [error, setError] = useState<Error | null>(null);
  const [busy, setBusy] = useState(false);

  async function turn(off: boolean): Promise<void> {
    const reason = off ? window.prompt(`Switch ${detail.name} off everywhere. Why?`) : "switched on in the console";
    if (reason === null) return;
    setBusy(true);
    try {
      await client.call("governance.setSwitch", { parameters: { target: detail.name }, body: { off, reason } });
      await queryClient.invalidateQueries();
      setError(null);
    } catch (caught) {
      setError(caught instanceof Error ? caught : new Error(String(caught)));
    }
    setBusy(false);
  }

  return (
    <>
      <button type="button" className={detail.off ? "primary" : "danger"} disabled={busy} onClick={() => void turn(!detail.off)}>
        {detail.off ? "Switch on" : "Switch off"}
      </button>
      {error !== null && <ErrorBanner error={error} />}
    </>
  );
}
