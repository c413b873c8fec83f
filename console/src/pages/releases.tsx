import type { Release, Retraining } from "@millrace/contract";
import type { ReactNode } from "react";
import { useOperation } from "../api.ts";
import { count, estimate, instant, percent } from "../format.ts";
import { Loaded, Tag } from "../parts/state.tsx";
import { Table } from "../parts/table.tsx";

/** Releases and retrainings of one function. */
export function ReleasesCard({ name }: { name: string }): ReactNode {
  const releases = useOperation("release.list", { parameters: { function: name } });
  const retrainings = useOperation("release.listRetrainings", { query: { function: name } });
  return (
    <>
      <section className="card">
        <h2>Releases</h2>
        <Loaded query={releases}>
          {({ items }) =>
            items.length === 0 ? <p className="quiet">The first variant that can run gets all traffic.</p> : <Releases items={items} />
          }
        </Loaded>
      </section>
      <section className="card">
        <h2>Retrainings</h2>
        <Loaded query={retrainings}>
          {({ items }) =>
            items.length === 0 ? (
              <p className="quiet">None yet. An alert or enough new labels starts one.</p>
            ) : (
              <Retrainings items={items} />
            )
          }
        </Loaded>
      </section>
    </>
  );
}

function Releases({ items }: { items: readonly Release[] }): ReactNode {
  return (
    <Table
      label="Releases"
      rows={items}
      keyOf={(each) => each.id}
      columns={[
        { title: "Stage", phone: "lead", cell: (each) => <Tag tone={each.active ? "water" : undefined}>{each.stage}</Tag> },
        {
          title: "Arms",
          cell: (each) => each.arms.map((arm) => `${arm.label} ${arm.role === "shadow" ? "shadow" : percent(arm.share, 0)}`).join(", "),
        },
        {
          title: "Requests",
          cell: (each) => (each.holdRequests === null ? count(each.requests) : `${count(each.requests)} of ${count(each.holdRequests)}`),
          number: true,
        },
        { title: "Why", cell: (each) => each.reason, prose: true, phone: "line" },
        { title: "At (UTC)", cell: (each) => instant(each.createdAt).slice(0, 16) },
      ]}
    />
  );
}

const verdictTones = { pass: "good", fail: "bad", inconclusive: "warn" } as const;

function Retrainings({ items }: { items: readonly Retraining[] }): ReactNode {
  return (
    <Table
      label="Retrainings"
      rows={items}
      keyOf={(each) => each.id}
      columns={[
        { title: "Stage", phone: "lead", cell: (each) => <Tag tone={each.promoted ? "good" : undefined}>{each.stage}</Tag> },
        { title: "Gate", cell: (each) => (each.verdict === null ? "–" : <Tag tone={verdictTones[each.verdict]}>{each.verdict}</Tag>) },
        { title: "Started by", cell: (each) => each.trigger, prose: true, phone: "line" },
        { title: "Dataset", cell: (each) => each.dataset ?? "–" },
        { title: "Outcome", cell: (each) => each.reason ?? "under way", prose: true, phone: "line" },
        {
          title: "Afterwards",
          cell: (each) => (each.after === null ? "–" : `${estimate(each.after.champion)}, before ${percent(each.after.previous.value)}`),
          prose: true,
          phone: "line",
        },
        { title: "At (UTC)", cell: (each) => instant(each.createdAt).slice(0, 16) },
      ]}
    />
  );
}
