import type { FunctionSummary } from "@millrace/contract";
import { Link, useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useOperation } from "../api.ts";
import { useMay } from "../parts/action.tsx";
import { Head } from "../parts/head.tsx";
import { Empty, Loaded } from "../parts/state.tsx";
import { SwitchAction } from "../parts/switch-action.tsx";
import { Table } from "../parts/table.tsx";
import { State } from "./function.tsx";

export function FunctionsPage(): ReactNode {
  const functions = useOperation("functions.list", {});
  const navigate = useNavigate();
  const maySwitch = useMay("switch.write");
  return (
    <>
      <Head title="Functions" lead="Each has an owner, a boundary, and interchangeable ways to do it." />
      <section className="card">
        <Loaded query={functions}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty title="No functions yet">
                Declare one with <code>defineFunction</code> in <code>millrace.config.ts</code>.
              </Empty>
            ) : (
              <Table
                label="Functions"
                rows={items}
                keyOf={(each) => each.name}
                onOpen={(each) => void navigate({ to: "/functions/$name", params: { name: each.name } })}
                columns={[
                  {
                    title: "Function",
                    cell: (each) => (
                      <Link to="/functions/$name" params={{ name: each.name }}>
                        <b>{each.name}</b>
                      </Link>
                    ),
                    phone: "lead",
                  },
                  { title: "State", cell: (each) => <State off={each.off} /> },
                  { title: "Owner", cell: (each) => each.owner },
                  { title: "Fallback", cell: (each) => each.fallback.join(" → ") },
                  { title: "Boundary", cell: (each) => each.boundary, prose: true, phone: "line" },
                  { title: "Budget", cell: (each) => `${each.latencyBudgetMs} ms`, number: true },
                  ...(maySwitch
                    ? [
                        {
                          title: "Switch",
                          cell: (each: FunctionSummary) => <SwitchAction name={each.name} off={each.off} className="small" />,
                        },
                      ]
                    : []),
                ]}
              />
            )
          }
        </Loaded>
      </section>
    </>
  );
}
