import type { BudgetCount, BudgetCounts, CacheReport } from "@millrace/contract";
import type { Command } from "commander";
import { instant } from "../format.ts";
import type { Column } from "../table.ts";
import { describeModels, describeTraffic } from "./gateway-models.ts";
import { table } from "./show.ts";
import { type Registrar, addVerb, group, parseWhole } from "./verb.ts";

const columns: readonly Column<BudgetCount>[] = [
  { title: "BUDGET", value: (item) => item.budget },
  { title: "FOR", value: (item) => whose(item.bucket), flexible: true },
  { title: "COUNTS", value: (item) => (item.kind === "costUsd" ? "USD" : item.kind) },
  { title: "LIMIT", value: (item) => item.limit, align: "right" },
  { title: "USED", value: (item) => item.used, align: "right" },
  { title: "RESERVED", value: (item) => item.reserved, align: "right" },
  {
    title: "LEFT",
    value: (item) => item.left,
    align: "right",
    paint: (text, item, palette) => (item.left === "0" ? palette.bad(text) : text),
  },
  { title: "MORE IS FREE", value: (item) => (item.resetsAt === null ? null : `${instant(item.resetsAt)} UTC`), spare: true },
];

const stores: Readonly<Record<BudgetCounts["store"], string>> = {
  memory: "This node counts by itself.",
  shared: "Nodes count together.",
  local: "The store that nodes share is away: this node counts by itself.",
};

function whose(bucket: BudgetCount["bucket"]): string {
  return Object.entries(bucket)
    .map(([dimension, value]) => (value === "" ? `no ${dimension}` : `${dimension} ${value}`))
    .join(", ");
}

export function addGateway(program: Command, registrar: Registrar): void {
  const gateway = group(program, "gateway", "foundation models: what may be spent on them, and what is kept of their answers");
  addVerb(gateway, registrar, {
    usage: "models",
    description: "names for models and their targets: state, keys, what is under way, latency, price",
    run: async (session) => {
      const models = await session.call("gateway.models", {});
      session.show(models, () => describeModels(session, models));
    },
  });
  addVerb(gateway, registrar, {
    usage: "traffic",
    description: "calls of models in the last hours: who answered, how fast, what it cost",
    options: [{ flags: "--hours <n>", description: "24 unless told, a week at most", parse: parseWhole, default: 24 }],
    run: async (session, _args, options) => {
      const traffic = await session.call("gateway.traffic", { query: options });
      session.show(traffic, () => describeTraffic(session, traffic));
    },
  });
  addVerb(gateway, registrar, {
    usage: "budgets",
    description: "budgets in use: the limit, what is used and reserved, when more is free",
    options: [{ flags: "--limit <n>", description: "at most so many" }],
    run: async (session, _args, options) => {
      const answer = await session.call("gateway.budgets", { query: options });
      session.show(answer, () =>
        answer.items.length === 0
          ? "No budget is in use."
          : `${table(session, answer.items, columns)}\n\n${session.palette.dim(stores[answer.store])}`,
      );
    },
  });
  addVerb(gateway, registrar, {
    usage: "cache",
    description: "answers that the node keeps: how many, hits and misses, what they saved",
    options: [{ flags: "--clear", description: "forget the project's answers on this node" }],
    run: async (session, _args, { clear }) => {
      if (clear === true) {
        const answer = await session.call("gateway.clearCache", {});
        return session.show(answer, () => `Forgotten: ${answer.cleared}.`);
      }
      const report = await session.call("gateway.cache", {});
      session.show(report, () => describeCache(report));
    },
  });
}

function describeCache(report: CacheReport): string {
  const { exact, stale, semantic, shared, miss, saved, savedUnknown } = report;
  const amounts = saved.map(({ amount, currency }) => `${amount} ${currency}`);
  return [
    `kept    ${report.entries} answers, ${report.bytes} of ${report.maxBytes} bytes`,
    `told    ${exact} exact, ${stale} stale, ${semantic} alike, ${shared} shared; asked ${miss}`,
    `saved   ${amounts.join(", ") || "nothing"}${savedUnknown === 0 ? "" : `, and ${savedUnknown} answers of unknown cost`}`,
    ...report.calibrations.map(
      ({ function: name, pairs, threshold, precision }) =>
        `alike   ${name}: ${threshold === null ? "no threshold yet" : `from ${threshold.toFixed(3)}`}, ${pairs} pairs, precision at least ${precision.low.toFixed(3)}`,
    ),
  ].join("\n");
}
