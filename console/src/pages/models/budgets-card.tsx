import type { BudgetCount } from "@millrace/contract";
import type { ReactNode } from "react";
import { useOperation } from "../../api.ts";
import { instant } from "../../format.ts";
import { shareOf } from "../../money.ts";
import { Empty, Loaded } from "../../parts/state.tsx";

const stores = {
  memory: "this node counts by itself",
  shared: "nodes count together",
  local: "the shared store is away: this node counts by itself",
} as const;

export function BudgetsCard(): ReactNode {
  const budgets = useOperation("gateway.budgets", { query: { limit: 20 } });
  return (
    <section className="card">
      <Loaded query={budgets}>
        {({ items, store }) => (
          <>
            <h2>
              Budgets <span className="quiet">{stores[store]}</span>
            </h2>
            {items.length === 0 ? (
              <Empty title="No budget is in use">
                Bound what calls may take with <code>gateway.budgets</code>.
              </Empty>
            ) : (
              <ul className="budgets">
                {items.map((each) => (
                  <Budget key={JSON.stringify([each.budget, each.bucket, each.kind])} entry={each} />
                ))}
              </ul>
            )}
          </>
        )}
      </Loaded>
    </section>
  );
}

function Budget({ entry }: { entry: BudgetCount }): ReactNode {
  const used = shareOf(entry.used, entry.limit);
  const held = Math.min(100 - used, shareOf(entry.reserved, entry.limit));
  const whose = Object.entries(entry.bucket).map(([dimension, value]) => whoseOf(dimension, value));
  const amounts = `${amount(entry, entry.used, "")} of ${amount(entry, entry.limit)}`;
  return (
    <li>
      <div className="line">
        <span>
          <b>{entry.budget}</b> <span className="quiet">{whose.join(", ")}</span>
        </span>
        <span className="number">{amounts}</span>
      </div>
      <div
        className="bar"
        role="meter"
        aria-label={`${entry.budget} ${whose.join(", ")}`}
        aria-valuenow={Math.round(used)}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuetext={amounts}
      >
        <i className={used + held >= 90 ? "full" : undefined} style={{ width: `${used}%` }} />
        <i className="held" style={{ width: `${held}%` }} />
      </div>
      <div className="line quiet">
        <span>
          {amount(entry, entry.left)} left{Number(entry.reserved) > 0 && `, ${amount(entry, entry.reserved)} reserved`}
        </span>
        <span className="number">{entry.resetsAt === null ? "" : `more is free ${instant(entry.resetsAt).slice(5, 16)} UTC`}</span>
      </div>
    </li>
  );
}

/** A project is the one that is looked at, and its id tells nobody anything. */
function whoseOf(dimension: string, value: string): string {
  if (dimension === "project") return "the project";
  return value === "" ? `no ${dimension}` : value;
}

function amount({ kind }: BudgetCount, text: string, unit = ` ${kind}`): string {
  const number = Number(text);
  if (kind === "costUsd") return `$${number.toLocaleString("en", { maximumFractionDigits: number >= 1 ? 2 : 6 })}`;
  return `${number.toLocaleString("en")}${unit}`;
}
