import type { GatewayModels, ModelTarget, ModelTraffic } from "@millrace/contract";
import { count, duration, instant } from "../format.ts";
import type { Session } from "../session.ts";
import type { Column } from "../table.ts";
import { section, table } from "./show.ts";

type Traffic = ModelTraffic["items"][number];

const aliasColumns: readonly Column<GatewayModels["aliases"][number]>[] = [
  { title: "NAME", value: (item) => item.name },
  { title: "CHOOSES", value: (item) => item.choose },
  { title: "TARGETS", value: (item) => item.targets.join(", "), flexible: true },
  { title: "DATA", value: (item) => [item.dataClass, ...item.regions].filter(Boolean).join(", ") || null, spare: true },
];

const targetColumns: readonly Column<ModelTarget>[] = [
  { title: "TARGET", value: (item) => item.name, flexible: true },
  { title: "SPEAKS", value: (item) => item.dialect, spare: true },
  {
    title: "STATE",
    value: (item) => stateText(item.circuit),
    paint: (text, item, palette) => (item.circuit.state === "closed" ? palette.good(text) : palette.bad(text)),
  },
  { title: "KEYS", value: (item) => keysText(item.keys), spare: true },
  { title: "NOW", value: (item) => nowText(item), align: "right" },
  { title: "FAILED", value: (item) => `${count(item.failures)} of ${count(item.tries)}`, align: "right" },
  { title: "FIRST TOKEN", value: (item) => duration(item.firstTokenMs), align: "right" },
  { title: "WHOLE", value: (item) => duration(item.wholeMs), align: "right", spare: true },
  { title: "PRICE", value: (item) => priceText(item.price), spare: true },
  { title: "MAY SEE", value: (item) => item.dataClasses.join(", ") || null, spare: true },
];

const trafficColumns: readonly Column<Traffic>[] = [
  { title: "ASKED FOR", value: (item) => item.model, flexible: true },
  { title: "ANSWERED", value: (item) => item.target, flexible: true },
  { title: "REQUESTS", value: (item) => count(item.requests), align: "right" },
  { title: "FAILURES", value: (item) => count(item.failures), align: "right" },
  { title: "FALLBACKS", value: (item) => count(item.fallbacks), align: "right" },
  { title: "P50", value: (item) => duration(item.p50Ms), align: "right" },
  { title: "P99", value: (item) => duration(item.p99Ms), align: "right" },
  { title: "USD", value: (item) => item.costUsd, align: "right" },
  { title: "COST UNKNOWN", value: (item) => count(item.costUnknown), align: "right", spare: true },
];

export function describeModels(session: Session, models: GatewayModels): string {
  if (models.providers.length === 0 && models.aliases.length === 0) return "No provider is configured: see docs/gateway.md.";
  const { palette } = session;
  return [
    section(session, "Names", table(session, models.aliases, aliasColumns)),
    section(
      session,
      "Targets",
      models.targets.length === 0 ? "none has a name, and none was asked" : table(session, models.targets, targetColumns),
    ),
    "",
    palette.dim(`As this node sees them; failures and times of the last ${models.windowSeconds / 60} minutes.`),
    palette.dim("Prices: dollars of a million tokens, in / out."),
  ].join("\n");
}

export function describeTraffic(session: Session, traffic: ModelTraffic): string {
  if (traffic.items.length === 0) return `No model was asked by its name since ${instant(traffic.since)} UTC.`;
  const capped = traffic.capped ? " Of names asked very often, only their newest calls." : "";
  return `${table(session, traffic.items, trafficColumns)}\n\n${session.palette.dim(`Since ${instant(traffic.since)} UTC, of all nodes.${capped}`)}`;
}

function stateText({ state, triesAgainAt }: ModelTarget["circuit"]): string {
  if (state === "closed") return "up";
  return triesAgainAt === null ? "half-open" : `open until ${instant(triesAgainAt).slice(11)}`;
}

function keysText(keys: ModelTarget["keys"]): string | null {
  if (keys.length === 0) return null;
  const ready = keys.filter((key) => key.state === "ready" && key.circuit !== "open").length;
  return ready === keys.length ? String(keys.length) : `${ready} of ${keys.length}`;
}

function nowText({ inFlight, queued, most }: ModelTarget): string {
  return `${inFlight}${most === null ? "" : ` of ${most}`}${queued === 0 ? "" : ` +${queued} waiting`}`;
}

function priceText(price: ModelTarget["price"]): string | null {
  return price === null ? null : `${price.perMillion["input"]} / ${price.perMillion["output"]}`;
}
