import type { Alert, MonitoringWindow } from "@millrace/contract";
import type { Command } from "commander";
import { count, day, estimate, instant } from "../format.ts";
import type { Session } from "../session.ts";
import type { Column } from "../table.ts";
import type { Palette } from "../terminal.ts";
import { shares } from "./functions.ts";
import { facts, indent, section, showList, table } from "./show.ts";
import { type Registrar, addVerb, group } from "./verb.ts";

function paintStatus(text: string, status: Alert["status"], palette: Palette): string {
  if (status === "open") return palette.bad(text);
  return status === "resolved" ? palette.good(text) : palette.warn(text);
}

const alertColumns: readonly Column<Alert>[] = [
  { title: "ID", value: (item) => item.id },
  { title: "FUNCTION", value: (item) => item.function },
  { title: "STATUS", value: (item) => item.status, paint: (text, item, palette) => paintStatus(text, item.status, palette) },
  { title: "WINDOWS", spare: true, value: (item) => count(item.windows), align: "right" },
  { title: "FROM", value: (item) => day(item.occurredFrom), spare: true },
  { title: "TO", value: (item) => day(item.occurredTo), spare: true },
  { title: "OWNER", value: (item) => item.owner, flexible: true, spare: true },
  { title: "TITLE", value: (item) => item.title, flexible: true },
];

const windowColumns: readonly Column<MonitoringWindow>[] = [
  { title: "FROM", value: (item) => day(item.from) },
  { title: "TO", value: (item) => day(item.to) },
  { title: "REQUESTS", value: (item) => count(item.requests), align: "right" },
  { title: "LABELLED", spare: true, value: (item) => count(item.labelled), align: "right" },
  { title: "ACCURACY (95 %)", value: (item) => estimate(item.accuracy), align: "right" },
  { title: "ANSWERS", value: (item) => shares(item.labels), flexible: true },
  {
    title: "EXCEEDED",
    value: (item) => exceeded(item).join(", ") || "nothing",
    flexible: true,
    paint: (text, item, palette) => (exceeded(item).length === 0 ? palette.dim(text) : palette.bad(text)),
  },
];

function exceeded(window: MonitoringWindow): string[] {
  return window.measures.filter((measure) => measure.exceeded).map((measure) => `${measure.monitor} ${measure.measure}`);
}

export function addMonitoring(program: Command, registrar: Registrar): void {
  const monitoring = group(program, "monitoring", "windows over the evidence, and alerts");
  addVerb(monitoring, registrar, {
    usage: "alerts",
    description: "list alerts",
    options: [
      { flags: "--function <name>", description: "only this function's" },
      { flags: "--status <status>", description: "only these", choices: ["open", "acknowledged", "resolved"] },
    ],
    run: async (session, _args, options) => {
      showList(session, await session.call("monitoring.alerts", { query: options }), {
        columns: alertColumns,
        empty: "There are no alerts.",
      });
    },
  });
  addVerb(monitoring, registrar, {
    usage: "alert <id>",
    description: "one alert: what was measured, and what to do",
    run: async (session, [id]) => {
      const alert = await session.call("monitoring.alert", { parameters: { id: id! } });
      session.show(alert, () => page(session, alert));
    },
  });
  addVerb(monitoring, registrar, {
    usage: "windows <function>",
    description: "windows and what was measured in them",
    run: async (session, [name]) => {
      const answer = await session.call("monitoring.windows", { query: { function: name! } });
      showList(session, answer, { columns: windowColumns, empty: "No window is complete yet." });
    },
  });
  addVerb(monitoring, registrar, {
    usage: "run [function]",
    description: "run the monitors over every complete window now",
    run: async (session, [name]) => {
      const answer = await session.call("monitoring.run", { body: name === undefined ? {} : { function: name } });
      session.show(
        answer,
        () =>
          `${count(answer.windows)} windows measured, ${answer.alerts.length === 0 ? "no alerts" : `alerts: ${answer.alerts.join(", ")}`}.`,
      );
    },
  });
  for (const [verb, status] of [
    ["acknowledge", "acknowledged"],
    ["resolve", "resolved"],
  ] as const) {
    addVerb(monitoring, registrar, {
      usage: `${verb} <id>`,
      description: `${verb} an alert`,
      options: [{ flags: "--note <text>", description: "why, for the audit log" }],
      run: async (session, [id], options) => {
        const alert = await session.call("monitoring.changeAlert", { parameters: { id: id! }, body: { status, ...options } });
        session.show(alert, () => `${alert.title}: ${paintStatus(alert.status, alert.status, session.palette)}.`);
      },
    });
  }
}

function page(session: Session, alert: Alert): string {
  return [
    `${session.palette.strong(alert.title)}  ${paintStatus(alert.status, alert.status, session.palette)}`,
    facts(session, [
      ["function", alert.function],
      ["cause", alert.cause],
      ["owner", alert.owner],
      ["seen in", `${count(alert.windows)} windows, ${day(alert.occurredFrom)} to ${day(alert.occurredTo)}`],
      ["opened", `${instant(alert.openedAt)} UTC`],
      ["retraining", alert.workflowId],
    ]),
    section(
      session,
      "Signals",
      table(session, alert.signals, [
        { title: "MONITOR", value: (item) => item.monitor },
        { title: "MEASURE", value: (item) => item.measure },
        { title: "VALUE", value: (item) => digits(item.value), align: "right" },
        { title: "THRESHOLD", value: (item) => digits(item.threshold), align: "right" },
        {
          title: "P",
          value: (item) => (item.pValue === null ? null : item.pValue < 0.001 ? "< 0.001" : item.pValue.toFixed(3)),
          align: "right",
        },
        { title: "N", value: (item) => count(item.n), align: "right" },
        { title: "DETAIL", value: (item) => item.detail, flexible: true },
      ]),
    ),
    `\n${session.palette.strong("What to do")}\n${indent(alert.playbook)}`,
  ].join("\n");
}

function digits(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toPrecision(3);
}
