import type { FunctionDetail } from "@millrace/contract";
import { Link, getRouteApi } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useOperation } from "../api.ts";
import { count, milliseconds, short } from "../format.ts";
import { Head } from "../parts/head.tsx";
import { RollbackAction } from "../parts/rollback-action.tsx";
import { Loaded, Tag } from "../parts/state.tsx";
import { SwitchAction } from "../parts/switch-action.tsx";
import { Table } from "../parts/table.tsx";
import { Chain } from "./chain.tsx";
import { FunctionCharts } from "./function-charts.tsx";
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
          <Head title={each.name} beside={<State off={each.off} />} lead={each.purpose.objective}>
            <Link to="/inferences" search={{ function: name }} className="button">
              Its inferences
            </Link>
            <RollbackAction name={name} />
            <SwitchAction name={name} off={each.off} />
          </Head>
          {each.off && (
            <div className="banner bad" role="status">
              <b>Switched off.</b> Every request is refused with <code>function_switched_off</code> until somebody switches it on again.
            </div>
          )}
          <div className="filters">
            <label>
              Points in time
              <select value={buckets} onChange={(event) => void navigate({ search: { buckets: Number(event.target.value) } })}>
                {[...new Set([10, 30, 60, 120, buckets])]
                  .toSorted((first, second) => first - second)
                  .map((value) => (
                    <option key={value}>{value}</option>
                  ))}
              </select>
            </label>
          </div>
          <Loaded query={series}>{({ points }) => <FunctionCharts points={points} />}</Loaded>
          <section className="card">
            <h2>Traffic by variant</h2>
            <Traffic detail={each} />
          </section>
          <section className="card">
            <h2>How it answers</h2>
            <Chain detail={each} />
          </section>
          <ReleasesCard name={name} />
          <Purpose detail={each} />
        </>
      )}
    </Loaded>
  );
}

function Traffic({ detail }: { detail: FunctionDetail }): ReactNode {
  if (detail.traffic.length === 0) return <p className="quiet">No requests yet.</p>;
  return (
    <Table
      label="Traffic by variant"
      rows={detail.traffic}
      keyOf={(each) => `${each.variant} ${each.binding ?? ""}`}
      columns={[
        { title: "Variant", cell: (each) => <b>{each.variant}</b>, phone: "lead" },
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

export function State({ off }: { off: boolean }): ReactNode {
  return <Tag tone={off ? "bad" : "good"}>{off ? "off" : "on"}</Tag>;
}
