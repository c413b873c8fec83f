import type { Inference } from "@millrace/contract";
import { Link, getRouteApi } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useOperation } from "../api.ts";
import { instant, milliseconds, percent } from "../format.ts";
import { Head } from "../parts/head.tsx";
import { Empty, Loaded, Tag } from "../parts/state.tsx";
import { Table } from "../parts/table.tsx";

const route = getRouteApi("/signed-in/inferences");

export function InferencesPage(): ReactNode {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const functions = useOperation("functions.list", {}, 60_000);
  const list = useOperation("inferences.list", { query: { limit: 50, ...search } }, search.cursor === undefined ? 3000 : false);
  const chosen = functions.data?.items.find((each) => search.function === undefined || each.name === search.function);

  const filtered = Object.values(search).some((value) => value !== undefined);

  function change(name: keyof typeof search, value: string): void {
    void navigate({ search: { ...search, cursor: undefined, [name]: value === "" ? undefined : value } });
  }

  function picker(title: string, name: keyof typeof search, options: readonly (readonly [string, string])[]): ReactNode {
    return (
      <label>
        {title}
        <select value={search[name] ?? ""} onChange={(event) => change(name, event.target.value)}>
          <option value="">any</option>
          {options.map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
      </label>
    );
  }

  return (
    <>
      <Head title="Inferences" lead="Every answer that left, newest first, with what produced it." />
      <div className="filters" role="search">
        {picker("Function", "function", known(functions.data?.items ?? [], search.function))}
        {picker("Variant", "variant", known(chosen?.variants ?? [], search.variant))}
        {picker("Status", "status", [
          ["ok", "ok"],
          ["failed", "failed"],
          ["refused", "refused"],
          ["interrupted", "interrupted"],
        ])}
        {picker("Fallback", "fallback", [
          ["true", "yes"],
          ["false", "no"],
        ])}
        {picker("Judged", "misread", [
          ["true", "misread"],
          ["false", "right or not judged"],
        ])}
        <label>
          Label
          <input
            type="search"
            key={search.label ?? ""}
            defaultValue={search.label ?? ""}
            placeholder="any"
            onKeyDown={(event) => event.key === "Enter" && change("label", event.currentTarget.value)}
            onBlur={(event) => event.target.value !== (search.label ?? "") && change("label", event.target.value)}
          />
        </label>
        <button type="button" disabled={!filtered} onClick={() => void navigate({ search: {} })}>
          Clear
        </button>
      </div>
      <section className="card">
        <Loaded query={list}>
          {({ items, next }) => (
            <>
              {items.length === 0 ? (
                <Empty title={filtered ? "No inference matches" : "No inferences yet"}>
                  {filtered ? (
                    <Link to="/inferences" search={{}}>
                      Clear the filters
                    </Link>
                  ) : (
                    <>
                      Ask a function something: <code>millrace infer</code>
                    </>
                  )}
                </Empty>
              ) : (
                <Rows items={items} onOpen={(each) => void navigate({ to: "/inferences/$id", params: { id: each.id } })} />
              )}
              <div className="row end">
                {search.cursor !== undefined && (
                  <button type="button" onClick={() => void navigate({ search: { ...search, cursor: undefined } })}>
                    Newest
                  </button>
                )}
                {next !== null && (
                  <button type="button" onClick={() => void navigate({ search: { ...search, cursor: next } })}>
                    Older
                  </button>
                )}
              </div>
            </>
          )}
        </Loaded>
      </section>
    </>
  );
}

/** A model by its bare name is in no list, and what is in force must be seen. */
function known(items: readonly { readonly name: string }[], inForce: string | undefined): (readonly [string, string])[] {
  return [...new Set([...items.map(({ name }) => name), ...(inForce === undefined ? [] : [inForce])])].map((name) => [name, name] as const);
}

function Rows({ items, onOpen }: { items: readonly Inference[]; onOpen: (each: Inference) => void }): ReactNode {
  return (
    <Table
      label="Inferences"
      rows={items}
      keyOf={(each) => each.id}
      onOpen={onOpen}
      columns={[
        {
          title: "Occurred (UTC)",
          cell: (each) => (
            <Link to="/inferences/$id" params={{ id: each.id }} className="digits">
              {instant(each.occurredAt)}
            </Link>
          ),
        },
        { title: "Function", cell: (each) => each.function, phone: "hidden" },
        { title: "Answer", cell: (each) => <Answer inference={each} />, phone: "lead" },
        { title: "Sure", cell: (each) => (each.confidence === null ? "–" : percent(each.confidence)), number: true },
        { title: "Truth", cell: (each) => <Truth inference={each} /> },
        { title: "Variant", cell: (each) => each.variant ?? "–" },
        { title: "Arm", cell: (each) => each.arm ?? "–", phone: "hidden" },
        { title: "Latency", cell: (each) => milliseconds(each.latencyMs), number: true },
        { title: "Caller", cell: (each) => <span title={each.caller}>{callerName(each.caller)}</span>, phone: "hidden" },
      ]}
    />
  );
}

/** `key:mail-gateway:f6da7376c7e8` is told by its name. */
export function callerName(caller: string): string {
  return caller.split(":")[1] ?? caller;
}

function Answer({ inference }: { inference: Inference }): ReactNode {
  if (inference.status !== "ok") return <Tag tone="bad">{inference.error ?? inference.status}</Tag>;
  return (
    <>
      <b>{inference.label ?? "–"}</b> {inference.fallback && <Tag tone="warn">fallback</Tag>}
    </>
  );
}

function Truth({ inference }: { inference: Inference }): ReactNode {
  if (inference.feedbackLabel === null) return <span className="quiet">not judged</span>;
  const right = inference.feedbackLabel === inference.label;
  return <Tag tone={right ? "good" : "bad"}>{right ? "right" : `was ${inference.feedbackLabel}`}</Tag>;
}
