import type { InferenceDetail } from "@millrace/contract";
import type { ReactNode } from "react";
import { count } from "../format.ts";
import { dollars } from "../money.ts";
import { Table } from "../parts/table.tsx";
import { type Spent, readSpent } from "./read-spent.ts";

/** One answer is seen, and all that was asked for it is paid: what, and for which step. */
export function SpentCard({ inference }: { inference: InferenceDetail }): ReactNode {
  const { total, steps } = readSpent(inference);
  if (total === null) return null;
  return (
    <section className="card" aria-label="Tokens and cost">
      <h2>Tokens and cost</h2>
      <div className="equation">
        <span>
          <b title={total.amount === null ? undefined : `${total.amount} ${total.currency ?? ""}`}>
            {total.amount === null ? "not known" : dollars(total.amount)}
          </b>{" "}
          in all
        </span>
        {total.input !== null && (
          <span>
            <b>{count(total.input)}</b> tokens in
          </span>
        )}
        {total.output !== null && (
          <span>
            <b>{count(total.output)}</b> tokens out
          </span>
        )}
        <span className="quiet">{notes(total)}</span>
      </div>
      {steps.length > 0 && (
        <Table
          label="Cost of each step"
          rows={steps}
          keyOf={(each) => String(each.place)}
          columns={[
            {
              title: "Step",
              cell: (each) => (each.isPart ? <span className="quiet">of it: {each.name}</span> : <b>{each.name}</b>),
              phone: "lead",
            },
            { title: "Asked", cell: (each) => each.target ?? "–" },
            { title: "In", cell: (each) => tokens(each.input), number: true },
            { title: "Out", cell: (each) => tokens(each.output), number: true },
            {
              title: "Cost",
              cell: (each) => <span title={each.amount ?? undefined}>{each.amount === null ? "not known" : dollars(each.amount)}</span>,
              number: true,
            },
          ]}
        />
      )}
    </section>
  );
}

function tokens(value: number | null): string {
  return value === null ? "–" : count(value);
}

function notes({ cachedInput, cacheWrite, reasoning, from }: Spent): string {
  const parts = [
    ...(cachedInput ? [`${count(cachedInput)} in from the provider's cache`] : []),
    ...(cacheWrite ? [`${count(cacheWrite)} in written to it`] : []),
    ...(reasoning ? [`${count(reasoning)} out were thinking`] : []),
    ...(from === null ? [] : [from === "tokenizer" ? "counted here" : "as the provider says"]),
  ];
  return parts.join(", ");
}
