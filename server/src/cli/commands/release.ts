import type { Release, Retraining } from "@millrace/contract";
import { type Command, InvalidArgumentError } from "commander";
import { count, difference, estimate, instant, percent } from "../format.ts";
import type { Session } from "../session.ts";
import type { Column } from "../table.ts";
import type { Palette } from "../terminal.ts";
import { facts, section, showList } from "./show.ts";
import { type Registrar, addVerb, fill, group } from "./verb.ts";

const columns: readonly Column<Release>[] = [
  { title: "CREATED (UTC)", value: (item) => instant(item.createdAt) },
  { title: "STAGE", value: (item) => item.stage, paint: (text, item, palette) => paintStage(text, item.stage, palette) },
  {
    title: "ACTIVE",
    value: (item) => (item.active ? "yes" : "no"),
    paint: (text, item, palette) => (item.active ? palette.good(text) : palette.dim(text)),
  },
  {
    title: "TRAFFIC",
    value: (item) => item.arms.map((arm) => `${arm.label} ${arm.role === "shadow" ? "shadow" : percent(arm.share, 0)}`).join(", "),
    flexible: true,
  },
  {
    title: "REQUESTS",
    value: (item) => (item.holdRequests === null ? count(item.requests) : `${count(item.requests)} of ${count(item.holdRequests)}`),
    align: "right",
  },
  { title: "BY", value: (item) => item.createdBy, flexible: true, spare: true },
  { title: "REASON", value: (item) => item.reason, flexible: true, spare: true },
];

const retrainingColumns: readonly Column<Retraining>[] = [
  { title: "ID", value: (item) => item.id },
  { title: "FUNCTION", value: (item) => item.function },
  { title: "STAGE", value: (item) => item.stage, paint: (text, item, palette) => paintStage(text, item.stage, palette) },
  { title: "VERDICT", value: (item) => item.verdict },
  { title: "DATASET", value: (item) => item.dataset, spare: true },
  { title: "VERSION", spare: true, value: (item) => item.modelVersion, align: "right" },
  { title: "STARTED (UTC)", value: (item) => instant(item.createdAt), spare: true },
  { title: "REASON", value: (item) => item.reason ?? item.trigger, flexible: true },
];

function paintStage(text: string, stage: string, palette: Palette): string {
  if (stage === "promoted" || stage === "stable") return palette.good(text);
  if (stage === "rolled-back" || stage === "failed") return palette.bad(text);
  return stage === "stopped" || stage === "inconclusive" ? palette.warn(text) : palette.accent(text);
}

export function addRelease(program: Command, registrar: Registrar): void {
  const release = group(program, "release", "which version gets which traffic");
  release.argument("[function]", "lists the releases of this function");
  fill(release, registrar, {
    description: "which version gets which traffic",
    run: (session, [name]) => {
      if (name === undefined)
        throw new InvalidArgumentError("Name a function: millrace release <function>; or choose a verb: millrace release --help.");
      return list(session, name);
    },
  });
  addVerb(release, registrar, {
    usage: "list <function>",
    description: "releases of a function, newest first",
    run: (session, [name]) => list(session, name!),
  });
  addVerb(release, registrar, {
    usage: "rollback <function>",
    description: "go back to the stable binding before",
    options: [{ flags: "--reason <text>", description: "why, for the audit log", required: true }],
    run: async (session, [name], options) => {
      const answer = await session.call("release.rollback", {
        parameters: { function: name! },
        body: { reason: options["reason"] as string },
      });
      session.show(answer, () => `${name!} is back on ${answer.arms.map((arm) => arm.label).join(", ")}.`);
    },
  });
  addVerb(release, registrar, {
    usage: "retrain <function>",
    description: "start a retraining: curate, train, evaluate, shadow, canary, promote",
    options: [
      { flags: "--reason <text>", description: "why, for the audit log", default: "asked for on the command line" },
      { flags: "--wait", description: "wait until it has ended; shadow and canary wait for traffic" },
    ],
    run: async (session, [name], options) => {
      const started = await session.call("release.retrain", { body: { function: name!, reason: options["reason"] as string } });
      if (options["wait"] === true) await session.follow(started.workflowId, `retraining ${name!}`);
      const retraining =
        options["wait"] === true ? await session.call("release.getRetraining", { parameters: { id: started.id } }) : started;
      session.show(retraining, () => page(session, retraining));
      if (options["wait"] !== true) session.hint(`Look after it: millrace release retraining ${started.id}`);
    },
  });
  addVerb(release, registrar, {
    usage: "retrainings",
    description: "list retrainings, newest first",
    options: [{ flags: "--function <name>", description: "only this function's" }],
    run: async (session, _args, options) => {
      showList(session, await session.call("release.listRetrainings", { query: options }), {
        columns: retrainingColumns,
        empty: "Nothing was retrained yet.",
      });
    },
  });
  addVerb(release, registrar, {
    usage: "retraining <id>",
    description: "one retraining: how far it is, and what it found",
    run: async (session, [id]) => {
      const retraining = await session.call("release.getRetraining", { parameters: { id: id! } });
      session.show(retraining, () => page(session, retraining));
    },
  });
}

async function list(session: Session, name: string): Promise<void> {
  showList(session, await session.call("release.list", { parameters: { function: name } }), { columns, empty: `${name} has no releases.` });
}

function page(session: Session, retraining: Retraining): string {
  const { after } = retraining;
  return [
    facts(session, [
      ["retraining", retraining.id],
      ["function", retraining.function],
      ["stage", paintStage(retraining.stage, retraining.stage, session.palette)],
      ["trigger", retraining.trigger],
      ["dataset", retraining.dataset],
      ["model version", retraining.modelVersion],
      ["verdict", retraining.verdict],
      ["evaluation", retraining.evaluationId],
      ["reason", retraining.reason],
      ["workflow", retraining.workflowId],
      ["started", `${instant(retraining.createdAt)} UTC`],
      ["changed", `${instant(retraining.updatedAt)} UTC`],
    ]),
    ...(after === null
      ? []
      : [
          section(
            session,
            "After the promotion, on the same later requests",
            facts(session, [
              ["champion", estimate(after.champion)],
              ["previous", estimate(after.previous)],
              ["difference", difference(after.difference)],
            ]),
          ),
        ]),
  ].join("\n");
}
