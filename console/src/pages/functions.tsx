import { useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useOperation } from "../api.ts";
import { Empty, Loaded, Tag } from "../parts/state.tsx";
import { Table } from "../parts/table.tsx";

export function FunctionsPage(): ReactNode {
  const functions = useOperation("functions.list", {});
  const navigate = useNavigate();
  return (
    <>
      <div className="head">
        <div>
          <h1>Functions</h1>
          <p>Each has an owner, a boundary, and interchangeable ways to do it.</p>
        </div>
      </div>
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
                  { title: "Function", cell: (each) => <b>{each.name}</b> },
                  { title: "State", cell: (each) => <Tag tone={each.off ? "bad" : "good"}>{each.off ? "off" : "on"}</Tag> },
                  { title: "Owner", cell: (each) => each.owner },
                  { title: "Fallback", cell: (each) => each.fallback.join(" → ") },
                  { title: "Boundary", cell: (each) => each.boundary },
                  { title: "Budget", cell: (each) => `${each.latencyBudgetMs} ms`, number: true },
                ]}
              />
            )
          }
        </Loaded>
      </section>
    </>
  );
}
