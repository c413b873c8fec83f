import type { Evidence, Node, Overview } from "@millrace/contract";
import { Link, useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useOperation } from "../api.ts";
import { ago, bytes, count, short } from "../format.ts";
import { Head } from "../parts/head.tsx";
import { Empty, Loaded, Tag } from "../parts/state.tsx";
import { Table } from "../parts/table.tsx";
import { AlertTable } from "./alerts.tsx";

export function OverviewPage(): ReactNode {
  const overview = useOperation("overview.get", {}, 2000);
  const navigate = useNavigate();
  return (
    <>
      <Head title="Overview" lead="Data becomes models, models answer, answers are judged, and what was learned becomes data." />
      <Loaded query={overview}>
        {(data) => (
          <>
            {data.configProblem !== null && (
              <section className="card" role="alert">
                <h2>The changed configuration is not in force</h2>
                <p>{data.configProblem}</p>
              </section>
            )}
            <Loop stages={data.stages} />
            <EvidenceCard evidence={data.evidence} />
            <section className="card">
              <h2>What needs someone</h2>
              {data.openAlerts.length === 0 ? (
                <Empty title="No open alerts">Monitors raise one alert for one cause; it names its owner and what to do.</Empty>
              ) : (
                <AlertTable alerts={data.openAlerts} onOpen={(alert) => void navigate({ to: "/alerts/$id", params: { id: alert.id } })} />
              )}
            </section>
            <section className="card">
              <h2>Nodes</h2>
              <Nodes nodes={data.nodes} configHash={data.configHash} />
            </section>
          </>
        )}
      </Loaded>
    </>
  );
}

const stageLinks = {
  data: undefined,
  models: { to: "/functions" },
  functions: { to: "/functions" },
  inference: { to: "/inferences" },
  feedback: { to: "/inferences", search: { misread: "true" } },
  monitoring: { to: "/alerts" },
  release: { to: "/functions" },
} as const satisfies Record<Overview["stages"][number]["stage"], object | undefined>;

function Loop({ stages }: { stages: Overview["stages"] }): ReactNode {
  return (
    <section aria-label="The loop" className="loop-frame">
      <ol className="loop">
        {stages.map((stage) => {
          const link = stageLinks[stage.stage];
          return (
            <li key={stage.stage} className={stage.waiting > 0 ? "busy" : undefined} data-stage={stage.stage}>
              <div className="stage">{link === undefined ? stage.stage : <Link {...link}>{stage.stage}</Link>}</div>
              <dl>
                {Object.entries(stage.counts).map(([name, value]) => (
                  <Fact key={name} name={name} value={count(value)} />
                ))}
              </dl>
              {stage.waiting > 0 && <div className="waiting">{count(stage.waiting)} waiting</div>}
              {stage.note !== null && <div className="note">{stage.note}</div>}
            </li>
          );
        })}
      </ol>
      <div className="loop-back" aria-hidden="true">
        <span>answers and their true labels become the next dataset</span>
      </div>
    </section>
  );
}

function Fact({ name, value }: { name: string; value: string }): ReactNode {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function EvidenceCard({ evidence }: { evidence: Evidence }): ReactNode {
  const whole = evidence.accepted === evidence.stored + evidence.rejected + evidence.backlog;
  return (
    <section className="card" aria-label="Evidence">
      <h2>Evidence</h2>
      <div className="equation">
        <span>
          <b>{count(evidence.accepted)}</b> accepted
        </span>
        <span className="sign">=</span>
        <span>
          <b>{count(evidence.stored)}</b> stored
        </span>
        <span className="sign">+</span>
        <span>
          <b>{count(evidence.rejected)}</b> rejected
        </span>
        {evidence.backlog > 0 && (
          <>
            <span className="sign">+</span>
            <span>
              <b>{count(evidence.backlog)}</b> on the way
            </span>
          </>
        )}
        <Tag tone={whole ? (evidence.backlog === 0 ? "good" : "water") : "bad"}>
          {whole ? (evidence.backlog === 0 ? "balanced" : "draining") : "does not add up"}
        </Tag>
        <span className="quiet">
          journal {bytes(evidence.journalBytes)}, state {(evidence.stateAgeMs / 1000).toFixed(1)} s old
        </span>
      </div>
    </section>
  );
}

function Nodes({ nodes, configHash }: { nodes: readonly Node[]; configHash: string }): ReactNode {
  const now = Date.now();
  return (
    <Table
      label="Nodes"
      rows={nodes}
      keyOf={(node) => node.id}
      columns={[
        { title: "Node", cell: (node) => <code title={node.id}>{node.name}</code>, phone: "lead" },
        { title: "Role", cell: (node) => node.role },
        { title: "Host", cell: (node) => node.host },
        { title: "State", cell: (node) => <Tag tone={node.alive ? "good" : "bad"}>{node.alive ? "alive" : "gone"}</Tag> },
        { title: "Config", cell: (node) => <NodeConfig node={node} configHash={configHash} /> },
        { title: "Version", cell: (node) => node.version },
        { title: "Bindings ready", cell: (node) => count(node.readyBindings.length), number: true },
        { title: "Started", cell: (node) => ago(node.startedAt, now), number: true },
      ]}
    />
  );
}

function NodeConfig({ node, configHash }: { node: Node; configHash: string }): ReactNode {
  return (
    <>
      <code title={node.configHash}>{short(node.configHash)}</code>{" "}
      {node.configHash !== configHash && <Tag tone="warn">differs from this node</Tag>}
    </>
  );
}
