import {
  type AuditEntry,
  type FunctionDetail,
  type InferenceDetail,
  type ModelVersion,
  isModelFunction,
  isPartOfAsk,
} from "@millrace/contract";
import { MillraceError } from "@millrace/sdk";
import { count, duration, inline, instant, percent } from "../format.ts";
import type { Session } from "../session.ts";
import { cut, printable, widthOf } from "../terminal.ts";
import { qualityFacts } from "./model-metrics.ts";
import { facts, indent, section, table } from "./show.ts";
import type { Verb } from "./verb.ts";

/** What is known around one inference; null where this key may not read it or it is gone. */
interface Explanation {
  readonly inference: InferenceDetail;
  readonly function: FunctionDetail | null;
  readonly model: ModelVersion | null;
  readonly audit: readonly AuditEntry[] | null;
}

export const explainVerb: Omit<Verb, "usage"> = {
  description: "what produced one answer, step by step",
  example: "explain 0198c5a2-7d1e-7abc-8def-0123456789ab",
  options: [{ flags: "--full", description: "print the whole input, however long" }],
  run: async (session, [id], options) => {
    const inference = await session.call("inferences.get", { parameters: { id: id! } });
    const explanation: Explanation = {
      inference,
      // A foundation model by its bare name is no function of the configuration.
      function: isModelFunction(inference.function)
        ? null
        : await optional(() => session.call("functions.get", { parameters: { name: inference.function } })),
      model: await modelOf(session, inference),
      audit: await auditOf(session, inference),
    };
    session.show(explanation, () => page(session, explanation, options["full"] === true));
  },
};

/** Null when this key may not see it, or it is not there: the page says so instead of failing. */
async function optional<T>(ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof MillraceError && [401, 403, 404].includes(error.status)) return null;
    throw error;
  }
}

async function modelOf(session: Session, inference: InferenceDetail): Promise<ModelVersion | null> {
  const reference = modelReference(inference.produced);
  if (reference === null) return null;
  return optional(() => session.call("models.getVersion", { parameters: reference }));
}

/** Finds `model` and `version` wherever the record keeps them: beside each other, or as `name@version`. */
export function modelReference(produced: Record<string, unknown>): { name: string; version: number } | null {
  const { model, version } = produced;
  if (typeof model === "string" && typeof version === "number") return { name: model, version };
  if (typeof model === "string") {
    const match = /^([a-z0-9-]+)@(\d+)$/.exec(model);
    if (match !== null) return { name: match[1]!, version: Number(match[2]) };
  }
  for (const value of Object.values(produced)) {
    if (value === null || typeof value !== "object" || Array.isArray(value)) continue;
    const inner = value as Record<string, unknown>;
    const found = modelReference("name" in inner && !("model" in inner) ? { ...inner, model: inner["name"] } : inner);
    if (found !== null) return found;
  }
  return null;
}

async function auditOf(session: Session, inference: InferenceDetail): Promise<AuditEntry[] | null> {
  const release = inference.produced["release"];
  const objects = [
    `inference:${inference.id}`,
    ...(typeof release === "string" ? [`release:${release}`] : []),
    `function:${inference.function}`,
  ];
  const entries: AuditEntry[] = [];
  for (const object of objects) {
    const found = await optional(() => session.call("governance.listAudit", { query: { object, limit: 5 } }));
    if (found === null) return null;
    entries.push(...found.items);
  }
  const each = new Map(entries.map((entry) => [entry.id, entry]));
  return [...each.values()].toSorted((one, other) => (one.id < other.id ? -1 : 1));
}

function page(session: Session, explanation: Explanation, full: boolean): string {
  const { inference } = explanation;
  return [
    heading(session, inference),
    facts(session, [
      ["function", explanation.function === null ? inference.function : `${inference.function}: ${explanation.function.purpose.objective}`],
      ["boundary", explanation.function?.boundary],
      ["occurred", `${instant(inference.occurredAt)} UTC`],
      ["recorded", `${instant(inference.recordedAt)} UTC`],
      ["asked by", inference.caller],
      ["kept in", inference.archived ?? "SQL"],
      ["time", timeLine(explanation)],
    ]),
    section(session, "Input", values(session, inference.input, full)),
    section(session, "Answer", values(session, inference.output, full)),
    section(session, "Chosen", facts(session, chosen(inference))),
    section(session, "Steps", steps(session, inference)),
    section(session, "Produced by", facts(session, producedFacts(inference.produced))),
    ...(explanation.model === null ? [] : [section(session, "Model", modelFacts(session, explanation.model))]),
    ...(inference.shadows.length === 0 ? [] : [section(session, "Shadows (asked too, never answered with)", shadows(session, inference))]),
    section(session, "Feedback", feedback(session, inference)),
    section(session, "Audit", audit(session, explanation.audit)),
  ].join("\n");
}

function heading(session: Session, inference: InferenceDetail): string {
  const { palette } = session;
  return `${palette.strong(`Inference ${inference.id}`)}\n${verdict(session, inference)}\n`;
}

/** The page's first sentence: what it said, and whether that was right. */
function verdict(session: Session, inference: InferenceDetail): string {
  const { palette } = session;
  if (inference.status !== "ok")
    return palette.bad(`It gave no answer: ${inference.status}${inference.error === null ? "" : `, ${inference.error}`}.`);
  const said =
    inference.label === null
      ? "It answered"
      : `It answered "${printable(inference.label)}"${inference.confidence === null ? "" : ` with confidence ${percent(inference.confidence)}`}`;
  const truth = inference.feedbackLabel;
  if (truth === null) return `${said}. No true label has come back yet.`;
  if (truth === inference.label) return palette.good(`${said}. That was right.`);
  return palette.bad(`${said}. Misread: the true label is "${printable(truth)}".`);
}

function timeLine(explanation: Explanation): string {
  const budget = explanation.function?.latencyBudgetMs;
  const taken = duration(explanation.inference.latencyMs);
  if (budget === undefined) return taken;
  return `${taken} of a budget of ${budget} ms${explanation.inference.latencyMs > budget ? ", over it" : ""}`;
}

function chosen(inference: InferenceDetail): [string, string | null][] {
  return [
    ["variant", inference.variant],
    ["binding", inference.binding],
    ["arm", inference.arm],
    ["fallback", inference.fallback ? `yes, because ${fallbackReason(inference)}` : "no"],
  ];
}

/** The steps that failed before the variant that answered say why it was not the first. */
function fallbackReason(inference: InferenceDetail): string {
  // A step whose condition does not hold has no error: it was not meant to be asked.
  const failed = inference.steps.filter((step) => step.kind === "variant" && step.status !== "ok" && step.error !== undefined);
  if (failed.length === 0) return "an earlier variant gave no answer";
  return failed
    .map((step) => {
      const message = step.details?.["message"];
      return `${step.name} ${step.status}${step.error === undefined ? "" : ` (${step.error})`}${typeof message === "string" ? `: ${printable(message)}` : ""}`;
    })
    .join(", then ");
}

function steps(session: Session, inference: InferenceDetail): string {
  const barWidth = 24;
  const total = Math.max(inference.latencyMs, ...inference.steps.map((step) => step.startMs + step.durationMs), 0.001);
  return table(session, inference.steps, [
    { title: "STEP", value: (step) => step.name, flexible: true },
    { title: "KIND", spare: true, value: (step) => step.kind },
    {
      title: "STATUS",
      value: (step) => `${step.status}${step.error === undefined ? "" : ` ${step.error}`}`,
      paint: (text, step, palette) => (step.status === "ok" ? palette.good(text) : palette.warn(text)),
    },
    { title: "STARTED", value: (step) => duration(step.startMs), align: "right" },
    { title: "TOOK", value: (step) => duration(step.durationMs), align: "right" },
    { title: "WHEN", spare: true, value: (step) => bar(step, total, barWidth), paint: (text, _step, palette) => palette.accent(text) },
    ...(inference.steps.some((step) => costOf(step) !== undefined)
      ? [{ title: "COST", value: (step: Step) => costWithin(step, inference) ?? null, align: "right" as const }]
      : []),
    { title: "DETAILS", value: (step) => detailsOf(step.details), flexible: true },
  ]);
}

type Step = InferenceDetail["steps"][number];

/** In brackets where the ask around it counts it too: the figures without them are the sum. */
function costWithin(step: Step, { steps: all }: InferenceDetail): string | undefined {
  const cost = costOf(step);
  return cost === undefined || !isPartOfAsk(step, all) ? cost : `(${cost})`;
}

/** You see one answer and pay for all that was asked for it. Undefined where nothing is billed. */
function costOf({ details }: Step): string | undefined {
  if (details?.["cost"] === undefined) return undefined;
  const { amount, currency } = (details["cost"] ?? {}) as { readonly amount?: string | null; readonly currency?: string | null };
  return typeof amount === "string" ? `${amount} ${currency ?? ""}`.trimEnd() : "unknown";
}

function bar(step: { startMs: number; durationMs: number }, total: number, width: number): string {
  const from = Math.min(width - 1, Math.floor((step.startMs / total) * width));
  const length = Math.max(1, Math.min(width - from, Math.round((step.durationMs / total) * width)));
  return `${"·".repeat(from)}${"█".repeat(length)}${"·".repeat(width - from - length)}`;
}

function detailsOf(details: Record<string, unknown> | undefined): string {
  return Object.entries(details ?? {})
    .filter(([name]) => name !== "cost")
    .map(
      ([name, value]) =>
        `${spoken(name)} ${typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(4)) : inline(value)}`,
    )
    .join(", ");
}

/** `stateAgeMs` as `state age ms`. */
function spoken(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, (_match, end: string, start: string) => `${end} ${start.toLowerCase()}`);
}

function producedFacts(produced: Record<string, unknown>, under = ""): [string, string][] {
  return Object.entries(produced).flatMap(([name, value]): [string, string][] => {
    const title = under === "" ? spoken(name) : `${under} ${spoken(name)}`;
    if (value !== null && typeof value === "object" && !Array.isArray(value)) return producedFacts(value as Record<string, unknown>, title);
    return [[title, printable(inline(value))]];
  });
}

function modelFacts(session: Session, model: ModelVersion): string {
  return facts(session, [
    ["version", `${model.model}@${model.version}${model.aliases.length === 0 ? "" : ` (now ${model.aliases.join(", ")})`}`],
    ["file", `${model.hash} (${count(model.bytes)} bytes)`],
    ["trained on", model.dataset],
    ["run", model.runId],
    ...(model.metrics === null ? [] : qualityFacts(model.metrics)),
    ["registered", `${instant(model.createdAt)} UTC by ${model.createdBy}`],
  ]);
}

function shadows(session: Session, inference: InferenceDetail): string {
  return table(session, inference.shadows, [
    { title: "VARIANT", value: (shadow) => shadow.variant },
    { title: "BINDING", value: (shadow) => shadow.binding.slice(0, 12) },
    { title: "AGREES", value: (shadow) => (shadow.agrees === null ? null : shadow.agrees ? "yes" : "no") },
    { title: "OUTPUT", value: (shadow) => shadow.error ?? inline(shadow.output), flexible: true },
  ]);
}

function feedback(session: Session, inference: InferenceDetail): string {
  return table(session, inference.feedback, [
    { title: "KIND", spare: true, value: (item) => item.kind },
    { title: "VALUE", value: (item) => inline(item.value), flexible: true },
    { title: "SOURCE", value: (item) => item.source },
    { title: "OCCURRED (UTC)", value: (item) => instant(item.occurredAt) },
    { title: "RECORDED (UTC)", value: (item) => instant(item.recordedAt) },
  ]);
}

function audit(session: Session, entries: readonly AuditEntry[] | null): string {
  if (entries === null) return "this key may not read the audit log";
  const body = table(session, entries, [
    { title: "INDEX", value: (entry) => entry.index ?? "pending", align: "right" },
    { title: "AT (UTC)", value: (entry) => instant(entry.at) },
    { title: "ACTOR", value: (entry) => entry.actor, flexible: true },
    { title: "ACTION", value: (entry) => entry.action },
    { title: "OBJECT", value: (entry) => entry.object, flexible: true },
  ]);
  const pointer = session.palette.dim("prove the log: millrace audit verify");
  return body === "" ? pointer : `${body}\n${pointer}`;
}

const linesShown = 12;

/** The fields of an input or output, long text wrapped under its name. */
function values(session: Session, value: unknown, full: boolean): string {
  if (value === null || typeof value !== "object" || Array.isArray(value))
    return value === null || value === undefined ? "–" : block(session, inline(value), full);
  const entries = Object.entries(value as Record<string, unknown>);
  if (entries.length === 0) return "{}";
  const width = Math.max(...entries.map(([name]) => widthOf(name)));
  return entries
    .map(([name, item]) => {
      const text = block(session, inline(item), full);
      const title = session.palette.dim(name.padEnd(width));
      return text.includes("\n") ? `${session.palette.dim(name)}\n${indent(text)}` : `${title}  ${text}`;
    })
    .join("\n");
}

function block(session: Session, text: string, full: boolean): string {
  const width = Math.min(session.columns, 110) - 8;
  const lines = printable(text.replaceAll("\t", " ").replaceAll("\r\n", "\n"))
    .replace(/\n{3,}/g, "\n\n")
    .trim()
    .split("\n")
    .map((line) => line.trimEnd());
  if (full) return lines.join("\n");
  const shown = lines.slice(0, linesShown).map((line) => cut(line, width));
  const left = lines.length - shown.length;
  return left > 0
    ? [...shown, session.palette.dim(`… ${count(left)} more lines, ${count(text.length)} characters in all; --full prints them`)].join("\n")
    : shown.join("\n");
}
