import type { FunctionDetail, FunctionSummary, SeriesPoint } from "@millrace/contract";
import type { Command } from "commander";
import { count, duration, estimate, instant, percent, shortHash, yesNo } from "../format.ts";
import type { Session } from "../session.ts";
import type { Column } from "../table.ts";
import { addBatches } from "./batches.ts";
import { inferManyVerb } from "./infer-many.ts";
import { facts, section, showList, table } from "./show.ts";
import { type Registrar, addVerb, group, parseWhole } from "./verb.ts";

const columns: readonly Column<FunctionSummary>[] = [
  { title: "FUNCTION", value: (item) => item.name },
  {
    title: "STATE",
    value: (item) => (item.off ? "off" : "on"),
    paint: (text, item, palette) => (item.off ? palette.bad(text) : palette.good(text)),
  },
  {
    title: "VARIANTS",
    value: (item) => item.variants.map((variant) => (variant.ready ? variant.name : `${variant.name} (not ready)`)).join(", "),
    flexible: true,
  },
  { title: "FALLBACK", value: (item) => item.fallback.join(" → "), flexible: true },
  { title: "BUDGET", value: (item) => `${item.latencyBudgetMs} ms`, align: "right" },
  { title: "OWNER", value: (item) => item.owner, flexible: true, spare: true },
];

const seriesColumns: readonly Column<SeriesPoint>[] = [
  { title: "FROM (UTC)", value: (point) => instant(point.from).slice(0, 16) },
  { title: "TO (UTC)", spare: true, value: (point) => instant(point.to).slice(0, 16) },
  { title: "REQUESTS", value: (point) => count(point.requests), align: "right" },
  { title: "FALLBACKS", spare: true, value: (point) => count(point.fallbacks), align: "right" },
  { title: "P50", spare: true, value: (point) => duration(point.p50Ms), align: "right" },
  { title: "P99", value: (point) => duration(point.p99Ms), align: "right" },
  { title: "ACCURACY (95 %)", value: (point) => estimate(point.accuracy), align: "right" },
  { title: "LABELS", value: (point) => shares(point.labels), flexible: true },
];

export function addFunctions(program: Command, registrar: Registrar): void {
  const functions = group(program, "functions", "what can be asked, and how it goes");
  addVerb(functions, registrar, {
    usage: "list",
    description: "list functions",
    run: async (session) => {
      const answer = await session.call("functions.list", {});
      showList(session, answer, { columns, empty: "There are no functions. Declare one in millrace.config.ts." });
    },
  });
  addVerb(functions, registrar, {
    usage: "show <name>",
    description: "one function: purpose, variants, traffic",
    example: "functions show triage-mail",
    run: async (session, [name]) => {
      const detail = await session.call("functions.get", { parameters: { name: name! } });
      session.show(detail, () => page(session, detail));
    },
  });
  addVerb(functions, registrar, inferManyVerb);
  addVerb(functions, registrar, {
    usage: "series <name>",
    description: "traffic, latency and accuracy over time",
    options: [
      { flags: "--buckets <n>", description: "how many pieces of time", parse: parseWhole, default: 12 },
      { flags: "--from <instant>", description: "ISO 8601 instant" },
      { flags: "--to <instant>", description: "ISO 8601 instant" },
    ],
    run: async (session, [name], options) => {
      const answer = await session.call("functions.series", { parameters: { name: name! }, query: options });
      session.show(answer, () => (answer.points.length === 0 ? "Nothing was asked yet." : table(session, answer.points, seriesColumns)));
    },
  });
  addBatches(functions, registrar);
}

function page(session: Session, detail: FunctionDetail): string {
  const { palette } = session;
  return [
    `${palette.strong(detail.name)}  ${detail.off ? palette.bad("switched off") : palette.good("on")}`,
    facts(session, [
      ["objective", detail.purpose.objective],
      ["decision", detail.purpose.decision],
      ["boundary", detail.boundary],
      ["owner", detail.owner],
      ["budget", `${detail.latencyBudgetMs} ms`],
      ["largest body", `${count(detail.maxBodyBytes)} bytes`],
      ["fallback", detail.fallback.map((name) => stepText(name, detail.conditions)).join(" → ")],
    ]),
    section(
      session,
      "Cost of errors",
      facts(
        session,
        detail.purpose.errors.map((item) => [item.error, item.cost] as const),
      ),
    ),
    section(
      session,
      "Variants",
      table(session, detail.variants, [
        { title: "NAME", value: (item) => item.name },
        { title: "KIND", value: (item) => item.kind },
        {
          title: "READY",
          value: (item) => yesNo(item.ready),
          paint: (text, item, paint) => (item.ready ? paint.good(text) : paint.bad(text)),
        },
        { title: "BINDING", value: (item) => shortHash(item.binding) },
        { title: "RESOLVED TO", value: (item) => resolvedTo(item.resolved), flexible: true },
      ]),
    ),
    section(
      session,
      "Traffic",
      table(session, detail.traffic, [
        { title: "VARIANT", value: (item) => item.variant },
        { title: "BINDING", value: (item) => shortHash(item.binding) },
        { title: "REQUESTS", value: (item) => count(item.requests), align: "right" },
        { title: "FALLBACKS", value: (item) => count(item.fallbacks), align: "right" },
        { title: "FAILURES", value: (item) => count(item.failures), align: "right" },
        { title: "P50", value: (item) => duration(item.p50Ms), align: "right" },
        { title: "P99", value: (item) => duration(item.p99Ms), align: "right" },
      ]),
    ),
  ].join("\n");
}

/** `small (when failures > 0)` */
function stepText(name: string, conditions: FunctionDetail["conditions"]): string {
  const when = Object.entries(conditions ?? {}).find(([variant]) => variant === name)?.[1];
  return when === undefined ? name : `${name} (when ${when})`;
}

function resolvedTo(resolved: Record<string, unknown>): string {
  return Object.entries(resolved)
    .map(
      ([name, value]) =>
        `${name} ${typeof value === "string" && /^[0-9a-f]{64}$/.test(value) ? shortHash(value) : typeof value === "object" ? JSON.stringify(value) : String(value)}`,
    )
    .join(", ");
}

/** `ham 63 %, spam 37 %`, the most frequent first. */
export function shares(labels: Record<string, number>): string {
  const total = Object.values(labels).reduce((sum, value) => sum + value, 0);
  return Object.entries(labels)
    .toSorted(([, one], [, other]) => other - one)
    .map(([label, value]) => `${label} ${percent(value / total, 0)}`)
    .join(", ");
}
