import type { Alert } from "@millrace/contract";
import { Link, getRouteApi } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { client, queryClient, useOperation } from "../api.ts";
import { count, days, instant } from "../format.ts";
import { Head } from "../parts/head.tsx";
import { Markdown } from "../parts/markdown.tsx";
import { ErrorBanner, Loaded, Tag } from "../parts/state.tsx";
import { Table } from "../parts/table.tsx";
import { splitTitle, statusTones } from "./alerts.tsx";

const route = getRouteApi("/signed-in/alerts/$id");

export function AlertPage(): ReactNode {
  const { id } = route.useParams();
  const alert = useOperation("monitoring.alert", { parameters: { id } });
  return (
    <Loaded query={alert}>
      {(each) => (
        <>
          <Head
            title={splitTitle(each.title)[0]}
            beside={<Tag tone={statusTones[each.status]}>{each.status}</Tag>}
            lead={
              <>
                {splitTitle(each.title)[1]}
                <br />
                <Link to="/functions/$name" params={{ name: each.function }}>
                  {each.function}
                </Link>
                , {days(each.occurredFrom, each.occurredTo)}, owner {each.owner}
              </>
            }
          >
            <Actions alert={each} />
          </Head>
          <div className="grid">
            <section className="card">
              <h2>What to do</h2>
              <Markdown text={each.playbook} />
            </section>
            <section className="card">
              <h2>Facts</h2>
              <dl className="facts">
                <dt>Cause</dt>
                <dd>{each.cause}</dd>
                <dt>Windows that show it</dt>
                <dd>{count(each.windows)}</dd>
                <dt>Opened</dt>
                <dd>{instant(each.openedAt)} UTC</dd>
                <dt>Retraining</dt>
                <dd>{each.workflowId === null ? "none started" : <code>{each.workflowId}</code>}</dd>
                <dt>Look at</dt>
                <dd>
                  <Link to="/inferences" search={{ function: each.function, misread: "true" }}>
                    what was misread
                  </Link>
                  , or{" "}
                  <Link to="/inferences" search={{ function: each.function }}>
                    all answers
                  </Link>
                </dd>
              </dl>
            </section>
          </div>
          <section className="card">
            <h2>Signals</h2>
            <Table
              label="Signals"
              rows={each.signals}
              keyOf={(signal) => `${signal.monitor} ${signal.measure}`}
              columns={[
                { title: "Monitor", cell: (signal) => <b>{signal.monitor}</b>, phone: "lead" },
                { title: "Measure", cell: (signal) => signal.measure },
                { title: "Value", cell: (signal) => signal.value.toFixed(3), number: true },
                { title: "Threshold", cell: (signal) => signal.threshold.toFixed(3), number: true },
                {
                  title: "p",
                  cell: (signal) => (signal.pValue === null ? "–" : signal.pValue < 0.001 ? "< 0.001" : signal.pValue.toFixed(3)),
                  number: true,
                },
                { title: "n", cell: (signal) => count(signal.n), number: true },
                { title: "In words", cell: (signal) => signal.detail, prose: true, phone: "line" },
              ]}
            />
          </section>
        </>
      )}
    </Loaded>
  );
}

function Actions({ alert }: { alert: Alert }): ReactNode {
  const [error, setError] = useState<Error | null>(null);

  async function change(status: "acknowledged" | "resolved"): Promise<void> {
    try {
      await client.call("monitoring.changeAlert", { parameters: { id: alert.id }, body: { status } });
      await queryClient.invalidateQueries();
      setError(null);
    } catch (caught) {
      setError(caught instanceof Error ? caught : new Error(String(caught)));
    }
  }

  return (
    <>
      <Link to="/alerts" className="button">
        All alerts
      </Link>
      {alert.status === "open" && (
        <button type="button" onClick={() => void change("acknowledged")}>
          Acknowledge
        </button>
      )}
      {alert.status !== "resolved" && (
        <button type="button" className="primary" onClick={() => void change("resolved")}>
          Resolve
        </button>
      )}
      {error !== null && <ErrorBanner error={error} />}
    </>
  );
}
