import type { Alert } from "@millrace/contract";
import { Link, getRouteApi } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useOperation } from "../api.ts";
import { count, days } from "../format.ts";
import { useMay } from "../parts/action.tsx";
import { AlertActions } from "../parts/alert-action.tsx";
import { Head } from "../parts/head.tsx";
import { Empty, Loaded, Tag } from "../parts/state.tsx";
import { Table } from "../parts/table.tsx";

const route = getRouteApi("/signed-in/alerts");
const statuses = ["open", "acknowledged", "resolved"] as const;
export const statusTones = { open: "bad", acknowledged: "warn", resolved: "good" } as const;

export function AlertsPage(): ReactNode {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const alerts = useOperation("monitoring.alerts", { query: search });
  return (
    <>
      <Head title="Alerts" lead="One alert for one cause, with its owner and what to do." />
      <div className="filters" role="search">
        <label>
          Status
          <select
            value={search.status ?? ""}
            onChange={(event) =>
              void navigate({ search: event.target.value === "" ? {} : { status: event.target.value as (typeof statuses)[number] } })
            }
          >
            <option value="">any</option>
            {statuses.map((status) => (
              <option key={status}>{status}</option>
            ))}
          </select>
        </label>
      </div>
      <section className="card">
        <Loaded query={alerts}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty title={search.status === undefined ? "No alerts yet" : `No ${search.status} alerts`}>
                {search.status === undefined ? (
                  "Monitors look at every complete window of requests."
                ) : (
                  <Link to="/alerts" search={{}}>
                    All alerts
                  </Link>
                )}
              </Empty>
            ) : (
              <AlertTable alerts={items} onOpen={(alert) => void navigate({ to: "/alerts/$id", params: { id: alert.id } })} />
            )
          }
        </Loaded>
      </section>
    </>
  );
}

/** A title is its cause in a few words, a colon, and the figures. */
export function splitTitle(title: string): [headline: string, figures: string] {
  const colon = title.indexOf(": ");
  return colon === -1 ? [title, ""] : [title.slice(0, colon), `${title[colon + 2]!.toUpperCase()}${title.slice(colon + 3)}`];
}

function Title({ alert }: { alert: Alert }): ReactNode {
  const [headline, figures] = splitTitle(alert.title);
  return (
    <>
      <b>{headline}</b>
      {figures !== "" && <span className="figures"> {figures}</span>}
    </>
  );
}

export function AlertTable({ alerts, onOpen }: { alerts: readonly Alert[]; onOpen: (alert: Alert) => void }): ReactNode {
  const mayChange = useMay("monitoring.write") && alerts.some((alert) => alert.status !== "resolved");
  return (
    <Table
      label="Alerts"
      rows={alerts}
      keyOf={(alert) => alert.id}
      onOpen={onOpen}
      columns={[
        { title: "Status", cell: (alert) => <Tag tone={statusTones[alert.status]}>{alert.status}</Tag> },
        {
          title: "Alert",
          cell: (alert) => (
            <Link to="/alerts/$id" params={{ id: alert.id }}>
              <Title alert={alert} />
            </Link>
          ),
          prose: true,
          phone: "lead",
        },
        { title: "Function", cell: (alert) => alert.function },
        { title: "Owner", cell: (alert) => alert.owner },
        { title: "Windows", cell: (alert) => count(alert.windows), number: true },
        { title: "Happened", cell: (alert) => days(alert.occurredFrom, alert.occurredTo) },
        ...(mayChange ? [{ title: "Next", cell: (alert: Alert) => <AlertActions alert={alert} onlyNext /> }] : []),
      ]}
    />
  );
}
