import { type ModelAlias, type ModelTarget, type ModelTraffic, modelFunction } from "@millrace/contract";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { count } from "../../format.ts";
import { Table } from "../../parts/table.tsx";
import { sumTraffic } from "./sum-traffic.ts";
import { Money } from "./targets-table.tsx";

interface NamesProps {
  readonly aliases: readonly ModelAlias[];
  readonly targets: readonly ModelTarget[];
  readonly traffic: ModelTraffic["items"];
}

const ways: Readonly<Record<string, string>> = {
  order: "the first that answers",
  weighted: "by weight",
  rules: "by rules",
  cheapest: "the cheapest",
  fastest: "the fastest",
  cascade: "until sure enough",
  similarity: "by examples",
};

export function NamesTable({ aliases, targets, traffic }: NamesProps): ReactNode {
  const totals = new Map(aliases.map(({ name }) => [name, sumTraffic(traffic.filter((each) => each.model === name))]));
  return (
    <Table
      label="Names"
      rows={aliases}
      keyOf={(each) => each.name}
      columns={[
        {
          title: "Name",
          cell: ({ name }) => (
            <Link to="/inferences" search={{ function: modelFunction(name) }}>
              <b>{name}</b>
            </Link>
          ),
          phone: "lead",
        },
        { title: "Chooses", cell: ({ choose }) => ways[choose] ?? choose },
        { title: "Targets", cell: (each) => <Chain names={each.targets} targets={targets} />, prose: true, phone: "line" },
        { title: "Data", cell: ({ dataClass, regions }) => [dataClass, ...regions].filter(Boolean).join(", ") || "–", phone: "hidden" },
        { title: "Requests", cell: ({ name }) => count(totals.get(name)!.requests), number: true },
        { title: "Failures", cell: ({ name }) => count(totals.get(name)!.failures), number: true },
        { title: "Fallbacks", cell: ({ name }) => count(totals.get(name)!.fallbacks), number: true },
        { title: "Cost", cell: ({ name }) => <Money {...totals.get(name)!} />, number: true },
      ]}
    />
  );
}

function Chain({ names, targets }: { names: readonly string[]; targets: readonly ModelTarget[] }): ReactNode {
  return names.map((name, index) => {
    const isDown = targets.some((each) => each.name === name && each.circuit.state === "open");
    return (
      <span key={name}>
        {index > 0 && " → "}
        <Link to="/models" search={(search) => ({ ...search, target: name })} className={isDown ? "down" : undefined}>
          {name}
        </Link>
      </span>
    );
  });
}
