import type { FunctionDetail } from "@millrace/contract";
import type { ReactNode } from "react";
import { short } from "../format.ts";
import { Tag } from "../parts/state.tsx";
import { Table } from "../parts/table.tsx";
import { type ChainStep, kindNames, readChain } from "./read-chain.ts";

/** How a function answers: its chain in order, and the ways that are not in it. */
export function Chain({ detail }: { detail: FunctionDetail }): ReactNode {
  return (
    <Table
      label="How it answers"
      rows={readChain(detail)}
      keyOf={(each) => each.name}
      columns={[
        { title: "Step", cell: (each) => <b>{each.name}</b>, phone: "lead" },
        { title: "Kind", cell: (each) => kindNames[each.kind] },
        { title: "Asked", cell: (each) => <Asked step={each} />, prose: true, phone: "line" },
        { title: "Binding", cell: (each) => <code title={each.binding ?? ""}>{each.binding === null ? "–" : short(each.binding)}</code> },
        { title: "Ready", cell: (each) => <Tag tone={each.ready ? "good" : "warn"}>{each.ready ? "ready" : "not ready"}</Tag> },
      ]}
    />
  );
}

function Asked({ step }: { step: ChainStep }): ReactNode {
  if (step.place === null) return <span className="quiet">not in the chain</span>;
  return (
    <>
      {step.place === 1 ? "first" : "when those before it failed"}
      {step.condition !== null && (
        <>
          , and only if <code>{step.condition}</code>
        </>
      )}
    </>
  );
}
