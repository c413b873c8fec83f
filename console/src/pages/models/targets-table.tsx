import type { ModelTarget, ModelTraffic } from "@millrace/contract";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { count, milliseconds } from "../../format.ts";
import { dollars } from "../../money.ts";
import { Tag } from "../../parts/state.tsx";
import { Table } from "../../parts/table.tsx";
import { sumTraffic } from "./sum-traffic.ts";

interface TargetsProps {
  readonly targets: readonly ModelTarget[];
  readonly traffic: ModelTraffic["items"];
  readonly onOpen: (target: ModelTarget) => void;
}

export function TargetsTable({ targets, traffic, onOpen }: TargetsProps): ReactNode {
  const totals = new Map(targets.map(({ name }) => [name, sumTraffic(traffic.filter((each) => each.target === name))]));
  return (
    <Table
      label="Targets"
      rows={targets}
      keyOf={(each) => each.name}
      onOpen={onOpen}
      columns={[
        {
          title: "Target",
          cell: ({ name }) => (
            <Link to="/models" search={(search) => ({ ...search, target: name })}>
              <b>{name}</b>
            </Link>
          ),
          phone: "lead",
        },
        { title: "State", cell: (each) => <TargetState target={each} /> },
        { title: "Under way", cell: underWay, number: true },
        { title: "Failed", cell: (each) => (each.tries === 0 ? "–" : `${count(each.failures)} of ${count(each.tries)}`), number: true },
        { title: "First token", cell: (each) => milliseconds(each.firstTokenMs), number: true },
        { title: "Whole answer", cell: (each) => milliseconds(each.wholeMs), number: true },
        { title: "Requests", cell: (each) => count(totals.get(each.name)!.requests), number: true },
        { title: "Cost", cell: (each) => <Money {...totals.get(each.name)!} />, number: true },
      ]}
    />
  );
}

export function underWay({ inFlight, queued, most }: ModelTarget): string {
  return `${count(inFlight)}${most === null ? "" : ` of ${count(most)}`}${queued === 0 ? "" : `, ${count(queued)} waiting`}`;
}

export function TargetState({ target }: { target: ModelTarget }): ReactNode {
  const { circuit, tries, failures } = target;
  // With few calls, or several keys, a circuit stays closed for a while.
  const isFailing = failures > 0 && failures * 2 >= tries;
  if (circuit.state === "closed") return <Tag tone={isFailing ? "warn" : "good"}>{isFailing ? "failing" : "up"}</Tag>;
  if (circuit.triesAgainAt === null) return <Tag tone="warn">tried next</Tag>;
  const instant = circuit.triesAgainAt.slice(11, 19);
  return (
    <Tag tone="bad">
      <span title={`Too many calls failed: nothing is sent until ${instant} UTC.`}>left alone until {instant}</span>
    </Tag>
  );
}

export function Money({ costUsd, costUnknown }: { costUsd: string | null; costUnknown: number }): ReactNode {
  return (
    <>
      <span title={costUsd === null ? undefined : `${costUsd} USD`}>{dollars(costUsd)}</span>
      {costUnknown > 0 && <small> + {count(costUnknown)} unknown</small>}
    </>
  );
}
