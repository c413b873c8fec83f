import { Link, getRouteApi } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useOperation } from "../api.ts";
import { count, days, instant } from "../format.ts";
import { AlertActions } from "../parts/alert-action.tsx";
import { Head } from "../parts/head.tsx";
import { Markdown } from "../parts/markdown.tsx";
import { RollbackAction } from "../parts/rollback-action.tsx";
import { Loaded, Tag } from "../parts/state.tsx";
import { SwitchAction } from "../parts/switch-action.tsx";
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
            <Link to="/alerts" className="button">
              All alerts
            </Link>
            <AlertActions alert={each} />
          </Head>
          <div className="grid">
            <section className="card">
              <h2>What to do</h2>
              <Markdown text={each.playbook} />
              {each.status !== "resolved" && <StopTheHarm name={each.function} />}
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

/** What stops the harm while its cause is looked for, without leaving the page. */
function StopTheHarm({ name }: { name: string }): ReactNode {
  const functions = useOperation("functions.list", {});
  const found = functions.data?.items.find((each) => each.name === name);
  if (found === undefined) return null;
  return (
    <div className="row actions">
      <RollbackAction name={name} named />
      <SwitchAction name={name} off={found.off} named />
    </div>
  );
}
