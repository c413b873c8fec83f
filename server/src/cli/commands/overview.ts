import type { Overview } from "@millrace/contract";
import { count, shortHash } from "../format.ts";
import type { Session } from "../session.ts";
import { evidenceFacts } from "./inferences.ts";
import { section, table } from "./show.ts";
import type { Verb } from "./verb.ts";

export const overviewVerb: Omit<Verb, "usage"> = {
  description: "the loop at a glance: stages, evidence, alerts, nodes",
  run: async (session) => {
    const overview = await session.call("overview.get", {});
    session.show(overview, () => page(session, overview));
  },
};

function page(session: Session, overview: Overview): string {
  return [
    ...(overview.configProblem === null
      ? []
      : [`${session.palette.bad("the changed configuration is not in force")}  ${overview.configProblem}\n`]),
    table(session, overview.stages, [
      { title: "STAGE", value: (stage) => stage.stage },
      {
        title: "WAITING",
        value: (stage) => count(stage.waiting),
        align: "right",
        paint: (text, stage, palette) => (stage.waiting === 0 ? text : palette.warn(text)),
      },
      { title: "HOLDS", value: (stage) => holds(stage.counts), flexible: true },
      { title: "NOTE", value: (stage) => stage.note, flexible: true, spare: true },
    ]),
    section(session, "Evidence", evidenceFacts(session, overview.evidence)),
    section(
      session,
      "Open alerts",
      table(session, overview.openAlerts, [
        { title: "ID", value: (alert) => alert.id },
        { title: "FUNCTION", value: (alert) => alert.function, flexible: true, spare: true },
        { title: "TITLE", value: (alert) => alert.title, flexible: true },
      ]),
    ),
    section(
      session,
      "Nodes",
      table(session, overview.nodes, [
        { title: "NODE", value: (node) => node.name, flexible: true },
        { title: "ROLE", value: (node) => node.role },
        {
          title: "ALIVE",
          value: (node) => (node.alive ? "yes" : "no"),
          paint: (text, node, palette) => (node.alive ? palette.good(text) : palette.bad(text)),
        },
        {
          title: "CONFIG",
          value: (node) => `${shortHash(node.configHash)}${node.configHash === overview.configHash ? "" : " (not the newest)"}`,
        },
      ]),
    ),
  ].join("\n");
}

function holds(counts: Record<string, number>): string {
  return Object.entries(counts)
    .map(([name, value]) => `${count(value)} ${name.replace(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase()}`)
    .join(", ");
}
