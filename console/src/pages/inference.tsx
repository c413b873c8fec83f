import { type InferenceDetail, isModelFunction } from "@millrace/contract";
import { Link, getRouteApi } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useOperation } from "../api.ts";
import { instant, milliseconds, percent, short } from "../format.ts";
import { Head } from "../parts/head.tsx";
import { Loaded, Tag } from "../parts/state.tsx";
import { callerName } from "./inferences.tsx";
import { SpentCard } from "./spent-card.tsx";

const route = getRouteApi("/signed-in/inferences/$id");

export function InferencePage(): ReactNode {
  const { id } = route.useParams();
  const inference = useOperation("inferences.get", { parameters: { id } }, false);
  return (
    <>
      <Head title="Inference" lead={<code>{id}</code>}>
        <Link to="/inferences" className="button">
          All inferences
        </Link>
      </Head>
      <Loaded query={inference}>{(each) => <Detail inference={each} />}</Loaded>
    </>
  );
}

function Detail({ inference }: { inference: InferenceDetail }): ReactNode {
  const misread = inference.feedbackLabel !== null && inference.feedbackLabel !== inference.label;
  return (
    <>
      {misread && (
        <div className="banner warn">
          Misread: it answered <b>{inference.label}</b>, and the truth that came back is <b>{inference.feedbackLabel}</b>.
        </div>
      )}
      <div className="grid">
        <section className="card">
          <h2>Answer</h2>
          <dl className="facts">
            <dt>Status</dt>
            <dd>
              <Tag tone={inference.status === "ok" ? "good" : "bad"}>{inference.error ?? inference.status}</Tag>{" "}
              {inference.fallback && <Tag tone="warn">fallback</Tag>}
            </dd>
            <dt>Label</dt>
            <dd>
              <b>{inference.label ?? "–"}</b>{" "}
              {inference.confidence !== null && <span className="quiet">{percent(inference.confidence)} sure</span>}
            </dd>
            <dt>Function</dt>
            <dd>
              <FunctionLink name={inference.function} />
            </dd>
            <dt>Variant</dt>
            <dd>
              {inference.variant ?? "–"} {inference.arm !== null && <span className="quiet">({inference.arm})</span>}
            </dd>
            <dt>Caller</dt>
            <dd>
              {callerName(inference.caller)} <span className="quiet">{inference.caller}</span>
            </dd>
            <dt>Occurred</dt>
            <dd>{instant(inference.occurredAt)} UTC</dd>
            <dt>Recorded</dt>
            <dd>{instant(inference.recordedAt)} UTC</dd>
            <dt>Latency</dt>
            <dd>{milliseconds(inference.latencyMs)}</dd>
          </dl>
        </section>
        <section className="card">
          <h2>What produced it</h2>
          <dl className="facts">
            {producedFacts(inference).map(([name, value]) => (
              <Fact key={name} name={name} value={value} />
            ))}
          </dl>
        </section>
      </div>
      <SpentCard inference={inference} />
      <section className="card">
        <h2>Step by step</h2>
        <Steps inference={inference} />
      </section>
      <div className="grid two">
        <section className="card">
          <h2>Input</h2>
          <pre aria-label="Input">{readable(inference.input)}</pre>
        </section>
        <div>
          <section className="card">
            <h2>Output</h2>
            <pre aria-label="Output">{readable(inference.output)}</pre>
          </section>
          <section className="card">
            <h2>What came back</h2>
            {inference.feedback.length === 0 ? (
              <p className="quiet">No feedback yet.</p>
            ) : (
              <dl className="facts">
                {inference.feedback.map((each) => (
                  <div key={each.id}>
                    <dt>{`${each.kind} by ${each.source}`}</dt>
                    <dd>
                      <b>{typeof each.value === "string" ? each.value : JSON.stringify(each.value)}</b>{" "}
                      <span className="quiet">{instant(each.occurredAt)} UTC</span>
                    </dd>
                  </div>
                ))}
              </dl>
            )}
          </section>
          {inference.shadows.length > 0 && (
            <section className="card">
              <h2>
                In shadow <span className="quiet">asked as well, answered nobody</span>
              </h2>
              <dl className="facts">
                {inference.shadows.map((each) => (
                  <div key={each.binding}>
                    <dt>
                      {each.variant} <code>{short(each.binding)}</code>
                    </dt>
                    <dd>
                      {each.error ?? readable(each.output).replaceAll("\n\n", ", ")}{" "}
                      {each.agrees !== null && <Tag tone={each.agrees ? "good" : "warn"}>{each.agrees ? "agrees" : "differs"}</Tag>}
                    </dd>
                  </div>
                ))}
              </dl>
            </section>
          )}
        </div>
      </div>
    </>
  );
}

/** A model by its bare name is a function without a page of its own. */
function FunctionLink({ name }: { name: string }): ReactNode {
  if (isModelFunction(name)) return <Link to="/models">{name}</Link>;
  return (
    <Link to="/functions/$name" params={{ name }}>
      {name}
    </Link>
  );
}

function Steps({ inference }: { inference: InferenceDetail }): ReactNode {
  // What holds another starts no later and lasts longer: it comes first.
  const steps = inference.steps.toSorted((first, second) => first.startMs - second.startMs || second.durationMs - first.durationMs);
  const total = Math.max(inference.latencyMs, ...steps.map((step) => step.startMs + step.durationMs), 0.001);
  return (
    <ol className="steps">
      {steps.map((step, index) => (
        <li key={index}>
          <span>
            {step.name} <span className="quiet">{step.kind}</span>
          </span>
          <span className="track" aria-hidden="true">
            <i
              className={step.status === "ok" ? undefined : "failed"}
              style={{ left: `${(step.startMs / total) * 100}%`, width: `${(step.durationMs / total) * 100}%` }}
            />
          </span>
          <span className="number">{step.durationMs.toFixed(2)} ms</span>
          {step.status !== "ok" && (
            <span className="error">
              {step.status}: {step.error ?? ""} {step.details === undefined ? "" : JSON.stringify(step.details)}
            </span>
          )}
        </li>
      ))}
    </ol>
  );
}

/** They have a place of their own. */
const spentNames: readonly string[] = ["usage", "cost"];

/** Nested things by their own names: `binding` as `binding label`, `binding version`. Names the server writes in words. */
function producedFacts(inference: InferenceDetail): (readonly [string, ReactNode])[] {
  const facts = inference.binding === null ? [] : [["binding", inference.binding] as const];
  const told = Object.entries(inference.produced).filter(([name]) => !spentNames.includes(name));
  const all = told.flatMap(([name, value]): (readonly [string, unknown])[] =>
    value !== null && typeof value === "object" && !Array.isArray(value)
      ? Object.entries(value).map(([inner, each]) => [`${name} ${inner}`, each] as const)
      : [[name, value] as const],
  );
  return [...facts, ...all].map(([name, value]) => [inWords(name), shown(name, value)] as const);
}

function inWords(name: string): string {
  return name
    .replace(/Ms$/, "")
    .replaceAll(/([a-z])([A-Z])/g, (_match, before: string, after: string) => `${before} ${after.toLowerCase()}`);
}

function shown(name: string, value: unknown): ReactNode {
  if (name.endsWith("Ms") && typeof value === "number") return milliseconds(value);
  if (typeof value === "string" && /^[0-9a-f-]{32,}$/.test(value)) return <code className="long">{value}</code>;
  if (Array.isArray(value) && value.every((each) => typeof each === "string")) return value.join(", ");
  return typeof value === "string" ? value : JSON.stringify(value);
}

function Fact({ name, value }: { name: string; value: ReactNode }): ReactNode {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function readable(value: unknown): string {
  if (value !== null && typeof value === "object" && !Array.isArray(value)) {
    return Object.entries(value)
      .map(([name, field]) => `${name}: ${typeof field === "string" ? field : JSON.stringify(field, null, 2)}`)
      .join("\n\n");
  }
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}
