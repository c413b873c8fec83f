import type { InferenceDetail } from "@millrace/contract";
import { Link, getRouteApi } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useOperation } from "../api.ts";
import { instant, milliseconds, percent } from "../format.ts";
import { Head } from "../parts/head.tsx";
import { Loaded, Tag } from "../parts/state.tsx";

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
              {inference.label ?? "–"}{" "}
              {inference.confidence !== null && <span className="quiet">{percent(inference.confidence)} sure</span>}
            </dd>
            <dt>Function</dt>
            <dd>
              <Link to="/functions/$name" params={{ name: inference.function }}>
                {inference.function}
              </Link>
            </dd>
            <dt>Variant</dt>
            <dd>
              {inference.variant ?? "–"} {inference.arm !== null && <span className="quiet">({inference.arm})</span>}
            </dd>
            <dt>Caller</dt>
            <dd>{inference.caller}</dd>
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
            {inference.binding !== null && <ProducedFact name="binding" value={inference.binding} />}
            {Object.entries(inference.produced).map(([name, value]) => (
              <ProducedFact key={name} name={name} value={value} />
            ))}
          </dl>
        </section>
      </div>
      <section className="card">
        <h2>Step by step</h2>
        <Steps inference={inference} />
      </section>
      <div className="grid">
        <section className="card">
          <h2>Input</h2>
          <pre>{readable(inference.input)}</pre>
        </section>
        <section className="card">
          <h2>Output</h2>
          <pre>{readable(inference.output)}</pre>
        </section>
      </div>
      <section className="card">
        <h2>What came back</h2>
        {inference.feedback.length === 0 ? (
          <p className="quiet">No feedback yet.</p>
        ) : (
          <dl className="facts">
            {inference.feedback.map((each) => (
              <ProducedFact
                key={each.id}
                name={`${each.kind} by ${each.source}`}
                value={`${String(each.value)}, ${instant(each.occurredAt)}`}
              />
            ))}
          </dl>
        )}
        {inference.shadows.length > 0 && (
          <>
            <h2>Shadows</h2>
            <dl className="facts">
              {inference.shadows.map((each) => (
                <ProducedFact
                  key={each.binding}
                  name={`${each.variant} ${each.binding.slice(0, 10)}`}
                  value={each.error ?? `${JSON.stringify(each.output)}${each.agrees === false ? " (differs)" : ""}`}
                />
              ))}
            </dl>
          </>
        )}
      </section>
    </>
  );
}

function Steps({ inference }: { inference: InferenceDetail }): ReactNode {
  const total = Math.max(inference.latencyMs, ...inference.steps.map((step) => step.startMs + step.durationMs), 0.001);
  return (
    <ol className="steps">
      {inference.steps.map((step, index) => (
        <li key={index}>
          <span>
            {step.name} <span className="quiet">{step.kind}</span>
          </span>
          <span className="track">
            <i
              className={step.status === "ok" ? undefined : "failed"}
              style={{ left: `${(step.startMs / total) * 100}%`, width: `${(step.durationMs / total) * 100}%` }}
            />
          </span>
          <span className="number">{step.durationMs.toFixed(2)} ms</span>
          {step.error !== undefined && (
            <span className="error">
              {step.error} {step.details === undefined ? "" : JSON.stringify(step.details)}
            </span>
          )}
        </li>
      ))}
    </ol>
  );
}

function ProducedFact({ name, value }: { name: string; value: unknown }): ReactNode {
  return (
    <>
      <dt>{name}</dt>
      <dd>{typeof value === "string" ? value : <code>{JSON.stringify(value)}</code>}</dd>
    </>
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
