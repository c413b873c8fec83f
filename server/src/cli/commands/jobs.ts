import type { Node, Workflow, WorkflowDetail } from "@millrace/contract";
import type { Command } from "commander";
import { inline, instant, shortHash } from "../format.ts";
import type { Session } from "../session.ts";
import type { Column } from "../table.ts";
import type { Palette } from "../terminal.ts";
import { facts, section, showList, table } from "./show.ts";
import { type Registrar, addVerb, group, pageOptions } from "./verb.ts";

function paintStatus(text: string, status: string, palette: Palette): string {
  if (status === "failed" || status === "cancelled") return palette.bad(text);
  return status === "succeeded" ? palette.good(text) : palette.accent(text);
}

const columns: readonly Column<Workflow>[] = [
  { title: "ID", value: (item) => item.id, flexible: true },
  { title: "NAME", value: (item) => item.name },
  { title: "STATUS", value: (item) => item.status, paint: (text, item, palette) => paintStatus(text, item.status, palette) },
  { title: "ATTEMPTS", spare: true, value: (item) => item.attempts, align: "right" },
  { title: "NODE", value: (item) => item.node, flexible: true, spare: true },
  { title: "CREATED (UTC)", value: (item) => instant(item.createdAt), spare: true },
  { title: "ERROR", value: (item) => item.error, flexible: true, spare: true },
];

const nodeColumns: readonly Column<Node>[] = [
  { title: "NODE", value: (item) => item.name },
  { title: "ROLE", value: (item) => item.role },
  {
    title: "ALIVE",
    value: (item) => (item.alive ? "yes" : "no"),
    paint: (text, item, palette) => (item.alive ? palette.good(text) : palette.bad(text)),
  },
  { title: "HOST", value: (item) => item.host, flexible: true, spare: true },
  { title: "VERSION", value: (item) => item.version },
  { title: "CONFIG", spare: true, value: (item) => shortHash(item.configHash) },
  { title: "BINDINGS", spare: true, value: (item) => item.readyBindings.length, align: "right" },
  { title: "HEARTBEAT (UTC)", value: (item) => instant(item.heartbeatAt) },
];

export function addJobs(program: Command, registrar: Registrar): void {
  const jobs = group(program, "jobs", "durable work: workflows, nodes, schedules");
  addVerb(jobs, registrar, {
    usage: "list",
    description: "list workflows, newest first",
    options: [
      { flags: "--name <name>", description: "only this workflow, for example release.retrain@1" },
      { flags: "--status <status>", description: "only these", choices: ["queued", "running", "succeeded", "failed", "cancelled"] },
      ...pageOptions,
    ],
    run: async (session, _args, options) => {
      showList(session, await session.call("jobs.list", { query: options }), { columns, empty: "There are no workflows." });
    },
  });
  addVerb(jobs, registrar, {
    usage: "show <id>",
    description: "one workflow and its steps",
    run: async (session, [id]) => {
      const workflow = await session.call("jobs.get", { parameters: { id: id! } });
      session.show(workflow, () => page(session, workflow));
    },
  });
  for (const [verb, operation, description] of [
    ["cancel", "jobs.cancel", "cancel a workflow"],
    ["resume", "jobs.resume", "resume a cancelled workflow"],
  ] as const) {
    addVerb(jobs, registrar, {
      usage: `${verb} <id>`,
      description,
      run: async (session, [id]) => {
        const workflow = await session.call(operation, { parameters: { id: id! } });
        session.show(workflow, () => `${workflow.id} is ${paintStatus(workflow.status, workflow.status, session.palette)}.`);
      },
    });
  }
  addVerb(jobs, registrar, {
    usage: "nodes",
    description: "nodes and their heartbeats",
    run: async (session) => {
      showList(session, await session.call("jobs.nodes", {}), { columns: nodeColumns, empty: "No node has reported." });
    },
  });
  addVerb(jobs, registrar, {
    usage: "schedules",
    description: "what runs by the clock",
    run: async (session) => {
      showList(session, await session.call("jobs.schedules", {}), {
        columns: [
          { title: "SCHEDULE", value: (item) => item.name },
          { title: "EVERY", value: (item) => `${item.everySeconds} s`, align: "right" },
          { title: "LAST RUN (UTC)", value: (item) => instant(item.lastRunAt) },
        ],
        empty: "There are no schedules.",
      });
    },
  });
  addVerb(jobs, registrar, {
    usage: "events",
    description: "events, newest first",
    options: pageOptions,
    run: async (session, _args, options) => {
      showList(session, await session.call("jobs.events", { query: options }), {
        columns: [
          { title: "AT (UTC)", value: (item) => instant(item.at) },
          { title: "TYPE", value: (item) => item.type },
          { title: "SUBJECT", value: (item) => item.subject, flexible: true },
          { title: "PAYLOAD", value: (item) => inline(item.payload), flexible: true },
        ],
        empty: "There are no events.",
      });
    },
  });
}

function page(session: Session, workflow: WorkflowDetail): string {
  return [
    facts(session, [
      ["workflow", workflow.id],
      ["name", workflow.name],
      ["status", paintStatus(workflow.status, workflow.status, session.palette)],
      ["node", workflow.node],
      ["attempts", workflow.attempts],
      ["created", `${instant(workflow.createdAt)} UTC`],
      ["updated", `${instant(workflow.updatedAt)} UTC`],
      ["input", inline(workflow.input)],
      ["output", inline(workflow.output)],
      ["error", workflow.error],
    ]),
    section(
      session,
      "Steps",
      table(session, workflow.steps, [
        { title: "#", value: (step) => step.index, align: "right" },
        { title: "STEP", value: (step) => step.name },
        {
          title: "STATUS",
          value: (step) => step.status,
          paint: (text, step, palette) => (step.status === "ok" ? palette.good(text) : palette.bad(text)),
        },
        { title: "STARTED (UTC)", value: (step) => instant(step.startedAt) },
        { title: "COMPLETED (UTC)", value: (step) => instant(step.completedAt) },
        { title: "ERROR", value: (step) => step.error, flexible: true },
      ]),
    ),
  ].join("\n");
}
