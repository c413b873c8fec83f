import type { ModelTarget } from "@millrace/contract";
import { modelFunction } from "@millrace/contract";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useEffect, useRef } from "react";
import { count, instant } from "../../format.ts";
import { Tag } from "../../parts/state.tsx";
import { Table } from "../../parts/table.tsx";
import { TargetState, underWay } from "./targets-table.tsx";

/** All that is known of the target that was chosen. */
export function TargetCard({ target }: { target: ModelTarget }): ReactNode {
  const card = useRef<HTMLElement>(null);
  const { name } = target;
  useEffect(() => {
    // Its answer is a promise in some browsers: no effect's own.
    card.current?.scrollIntoView({ block: "nearest" });
  }, [name]);
  return (
    <section className="card" aria-label={`Target ${name}`} ref={card}>
      <h2>
        {name} <TargetState target={target} />
      </h2>
      <dl className="facts">
        <dt>Provider</dt>
        <dd>
          {target.provider} <span className="quiet">speaks {target.dialect}</span>
        </dd>
        <dt>Region</dt>
        <dd>{target.region ?? "–"}</dd>
        <dt>May see</dt>
        <dd>
          {target.dataClasses.length === 0 ? <span className="quiet">calls without a class of data</span> : target.dataClasses.join(", ")}
        </dd>
        <dt>Price</dt>
        <dd>
          <Price price={target.price} />
        </dd>
        <dt>Under way</dt>
        <dd>{underWay(target)}</dd>
      </dl>
      {target.keys.length > 0 && (
        <Table
          label="Keys"
          rows={target.keys}
          keyOf={(each) => String(each.place)}
          columns={[
            { title: "Key", cell: (each) => <b>{`key ${each.place}`}</b>, phone: "lead" },
            { title: "State", cell: (each) => <KeyState entry={each} /> },
            { title: "Under way", cell: (each) => (each.inFlight === null ? "–" : count(each.inFlight)), number: true },
          ]}
        />
      )}
      <div className="row actions">
        <Link to="/inferences" search={{ variant: name }} className="button">
          What it answered
        </Link>
        <Link to="/inferences" search={{ function: modelFunction(name) }} className="button">
          Asked for by this name
        </Link>
        <Link to="/models" search={(search) => ({ ...search, target: undefined })} className="button">
          Close
        </Link>
      </div>
    </section>
  );
}

const priceNames: Readonly<Record<string, string>> = {
  input: "in",
  output: "out",
  cachedInput: "cached in",
  cacheWrite: "cache write",
  reasoning: "thinking",
};

function Price({ price }: { price: ModelTarget["price"] }): ReactNode {
  if (price === null)
    return (
      <span className="quiet">
        not known: add a row to <code>gateway.prices</code>
      </span>
    );
  const parts = Object.entries(price.perMillion).map(([part, amount]) => `$${amount} ${priceNames[part] ?? part}`);
  return (
    <>
      {parts.join(", ")} <span className="quiet">of a million tokens, since {price.from}</span>
    </>
  );
}

function KeyState({ entry }: { entry: ModelTarget["keys"][number] }): ReactNode {
  if (entry.restsUntil !== null) return <Tag tone="warn">rests until {instant(entry.restsUntil).slice(11)}</Tag>;
  if (entry.circuit === "closed") return <Tag tone="good">ready</Tag>;
  return <Tag tone={entry.circuit === "open" ? "bad" : "warn"}>{entry.circuit === "open" ? "left alone" : "tried next"}</Tag>;
}
