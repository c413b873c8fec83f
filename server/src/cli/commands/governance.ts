import { readFileSync } from "node:fs";
import {
  type AuditEntry,
  type AuditReport,
  type Key,
  type Permission,
  type Role,
  type Switch,
  checkpointSchema,
  permissions,
} from "@millrace/contract";
import { MillraceError } from "@millrace/sdk";
import { type Command, InvalidArgumentError } from "commander";
import { AppError, systemClock } from "../../core/index.ts";
import { killFilePath, setLocalSwitch } from "../../governance/index.ts";
import { exitCodes } from "../exit-codes.ts";
import { count, inline, instant } from "../format.ts";
import type { Session } from "../session.ts";
import type { Column } from "../table.ts";
import { facts, section, showList, table } from "./show.ts";
import { type Registrar, type Verb, addVerb, collect, fill, group, looseJson, pageOptions, pageQuery } from "./verb.ts";

const keyColumns: readonly Column<Key>[] = [
  { title: "ID", value: (key) => key.id },
  { title: "NAME", value: (key) => key.name },
  { title: "BEGINS", spare: true, value: (key) => key.prefix },
  {
    title: "STATE",
    value: (key) => (key.revokedAt === null ? "valid" : "revoked"),
    paint: (text, key, palette) => (key.revokedAt === null ? palette.good(text) : palette.bad(text)),
  },
  { title: "MAY", value: (key) => may(key), flexible: true },
  { title: "FUNCTIONS", spare: true, value: (key) => key.functions?.join(", ") ?? "all", flexible: true },
  {
    title: "LIMIT",
    spare: true,
    value: (key) => (key.limit === null ? "none" : `${count(key.limit.requests)} / ${key.limit.windowSeconds} s`),
    align: "right",
  },
  { title: "CREATED (UTC)", spare: true, value: (key) => instant(key.createdAt) },
];

const auditColumns: readonly Column<AuditEntry>[] = [
  { title: "INDEX", value: (entry) => entry.index ?? "pending", align: "right" },
  { title: "AT (UTC)", value: (entry) => instant(entry.at) },
  { title: "ACTOR", value: (entry) => entry.actor, flexible: true },
  { title: "ACTION", value: (entry) => entry.action },
  { title: "OBJECT", value: (entry) => entry.object, flexible: true },
  { title: "BEFORE", spare: true, value: (entry) => inline(entry.before), flexible: true },
  { title: "AFTER", spare: true, value: (entry) => inline(entry.after), flexible: true },
];

const switchColumns: readonly Column<Switch>[] = [
  { title: "TARGET", value: (item) => (item.target === "*" ? "* (every function)" : item.target) },
  {
    title: "STATE",
    value: (item) => (item.off ? "off" : "on"),
    paint: (text, item, palette) => (item.off ? palette.bad(text) : palette.good(text)),
  },
  { title: "BY", value: (item) => item.changedBy },
  { title: "SINCE (UTC)", value: (item) => instant(item.changedAt) },
  { title: "REASON", value: (item) => item.reason, flexible: true },
];

function may(key: Key): string {
  return key.permissions.length === permissions.length ? "everything" : key.permissions.join(", ");
}

export const killVerb: Omit<Verb, "usage"> = {
  description: "switch a function, or * for all, off (or on again with --on)",
  example: 'kill triage-mail --reason "wrong answers since noon"',
  options: [
    { flags: "--on", description: "switch it on again" },
    { flags: "--reason <text>", description: "why, for the audit log and for whoever is refused" },
    {
      flags: "--local",
      description: "write <data>/kill, read by the server of this data folder five times a second: works without database or network",
    },
  ],
  run: async (session, [target], options) => {
    const off = options["on"] !== true;
    const reason = options["reason"] as string | undefined;
    if (options["local"] === true) return killLocally(session, { target: target!, off, reason: reason ?? null });
    const changed = await setSwitch(session, target!, { off, ...(reason === undefined ? {} : { reason }) });
    session.show(changed, () => switchSentence(session, changed));
  },
};

async function setSwitch(session: Session, target: string, body: { off: boolean; reason?: string }): Promise<Switch> {
  try {
    return await session.call("governance.setSwitch", { parameters: { target }, body });
  } catch (error) {
    if (error instanceof MillraceError && error.status === 503)
      session.hint("A server that cannot be reached this way reads its kill file: add --local, where its data folder is.");
    throw error;
  }
}

function killLocally(session: Session, change: { target: string; off: boolean; reason: string | null }): void {
  if (change.target !== "*" && !/^[a-z0-9][a-z0-9-]{0,63}$/.test(change.target))
    throw new InvalidArgumentError(`"${change.target}" is neither a function's name nor *.`);
  const path = killFilePath(session.dataFolder);
  const switches = setLocalSwitch(path, { ...change, at: new Date(systemClock.now()).toISOString() });
  session.show({ path, off: switches }, () => switchSentence(session, change));
  session.hint(
    `Written to ${path}. It holds for servers of this data folder only, and until: millrace kill ${change.target === "*" ? "'*'" : change.target} --local --on`,
  );
}

function switchSentence(session: Session, state: { target: string; off: boolean; reason: string | null }): string {
  const { palette } = session;
  const name = state.target === "*" ? "Every function" : state.target;
  return `${palette.strong(name)} is ${state.off ? palette.bad("off") : palette.good("on")}${state.reason === null ? "" : `: ${state.reason}`}.`;
}

export const verifyVerb: Verb = {
  usage: "verify",
  description: "prove that no entry is missing or altered",
  example: "audit verify --against checkpoint.json",
  options: [
    { flags: "--against <file>", description: "a checkpoint kept elsewhere: JSON, or a sink's file of JSON lines (its last line counts)" },
  ],
  run: async (session, _args, options) => {
    const against = options["against"] === undefined ? {} : { against: readCheckpoint(options["against"] as string) };
    const report = await session.call("governance.verifyAudit", { body: against });
    session.show(report, () => reportPage(session, report));
    return report.verified ? exitCodes.ok : exitCodes.failed;
  },
};

function readCheckpoint(file: string) {
  let text: string;
  try {
    text = readFileSync(file, "utf8").trim();
  } catch (cause) {
    throw new AppError("not_found", `The file ${file} cannot be read.`, { cause });
  }
  const last = text.split("\n").at(-1) ?? "";
  for (const candidate of [text, last]) {
    const parsed = looseJson(candidate);
    const inner = parsed !== null && typeof parsed === "object" && "checkpoint" in parsed ? parsed.checkpoint : parsed;
    const checkpoint = checkpointSchema.safeParse(inner);
    if (checkpoint.success) return checkpoint.data;
  }
  throw new InvalidArgumentError(`${file} holds no checkpoint. Keep one with: millrace governance checkpoint --json > ${file}`);
}

function reportPage(session: Session, report: AuditReport): string {
  const { palette } = session;
  return [
    report.verified ? palette.good(`The audit log verifies (${report.anchoring}).`) : palette.bad("The audit log does not verify."),
    facts(session, [
      ["entries", count(report.entries)],
      ["pending", count(report.pending)],
      ["checkpoints", count(report.checkpoints)],
      ["anchoring", report.anchoring],
      ["sealed evidence", `${count(report.sealed.records)} records of ${count(report.sealed.hours)} hours`],
    ]),
    ...(report.sinks.length === 0
      ? []
      : [
          section(
            session,
            "Sinks",
            table(session, report.sinks, [
              { title: "SINK", value: (sink) => sink.name, flexible: true },
              { title: "HOLDS", value: (sink) => sink.size, align: "right" },
              { title: "BEHIND", value: (sink) => sink.behind, align: "right" },
              { title: "PROBLEM", value: (sink) => sink.problem, flexible: true },
            ]),
          ),
        ]),
    ...(report.problems.length === 0
      ? []
      : [
          section(
            session,
            "Problems",
            table(session, report.problems, [
              { title: "INDEX", value: (item) => item.index, align: "right" },
              { title: "ENTRY", value: (item) => item.entryId },
              { title: "PROBLEM", value: (item) => item.problem },
            ]),
          ),
          `\n${palette.warn("Keep the data folder as it is, and compare with a backup and with your checkpoint sinks.")}`,
        ]),
  ].join("\n");
}

/** `audit`: lists by itself, and `audit verify`. Used as a short form and under `governance`. */
export function addAudit(parent: Command, registrar: Registrar): void {
  const audit = parent.command("audit");
  fill(audit, registrar, {
    description: "the audit log, newest first; audit verify proves it",
    options: [
      { flags: "--action <action>", description: "only this action, for example release.promote" },
      { flags: "--object <object>", description: "only this object, for example function:triage-mail" },
      ...pageOptions,
    ],
    run: async (session, _args, options) => {
      const { action, object } = options as { action?: string; object?: string };
      const answer = await session.call("governance.listAudit", {
        query: { ...pageQuery(options), ...(action === undefined ? {} : { action }), ...(object === undefined ? {} : { object }) },
      });
      showList(session, answer, { columns: auditColumns, empty: "The audit log has no such entry." });
    },
  });
  addVerb(audit, registrar, verifyVerb);
}

export function addGovernance(program: Command, registrar: Registrar): void {
  const governance = group(program, "governance", "keys, kill switches, the audit log");
  addVerb(governance, registrar, {
    usage: "keys",
    description: "list keys",
    options: pageOptions,
    run: async (session, _args, options) => {
      showList(session, await session.call("governance.listKeys", { query: pageQuery(options) }), {
        columns: keyColumns,
        empty: "There are no keys.",
      });
    },
  });
  const key = group(governance, "key", "create or revoke a key");
  addVerb(key, registrar, {
    usage: "create <name>",
    description: "create a key; it is shown this once",
    example: "governance key create mail-gateway --role caller --function triage-mail --limit 1000/60",
    options: [
      { flags: "--role <roles>", description: "caller, viewer or owner; may be repeated", parse: collect },
      { flags: "--permission <permissions>", description: "a single permission; may be repeated", parse: collect },
      { flags: "--function <names>", description: "only these functions; may be repeated (default: all)", parse: collect },
      { flags: "--limit <requests/seconds>", description: "for example 1000/60", parse: parseLimit },
    ],
    run: async (session, [name], options) => {
      const roles = options["role"] as Role[] | undefined;
      const wanted = options["permission"] as Permission[] | undefined;
      if (roles === undefined && wanted === undefined)
        throw new InvalidArgumentError("Say what the key may do: --role caller, --role viewer, --role owner, or --permission <name>.");
      const created = await session.call("governance.createKey", {
        body: {
          name: name!,
          roles: roles ?? [],
          permissions: wanted ?? [],
          ...(options["function"] === undefined ? {} : { functions: options["function"] as string[] }),
          ...(options["limit"] === undefined ? {} : { limit: options["limit"] as { requests: number; windowSeconds: number } }),
        },
      });
      session.show(created, () =>
        facts(session, [
          ["key", session.palette.strong(created.key)],
          ["id", created.id],
          ["may", may(created)],
          ["functions", created.functions?.join(", ") ?? "all"],
        ]),
      );
      session.hint("Keep the key now: only its hash is stored.");
    },
  });
  addVerb(key, registrar, {
    usage: "revoke <id>",
    description: "revoke a key: refused everywhere within a second",
    run: async (session, [id]) => {
      const revoked = await session.call("governance.revokeKey", { parameters: { id: id! } });
      session.show(revoked, () => `The key ${session.palette.strong(revoked.name)} (${revoked.prefix}…) is revoked.`);
    },
  });
  addVerb(governance, registrar, {
    usage: "switches",
    description: "list kill switches",
    run: async (session) => {
      showList(session, await session.call("governance.listSwitches", {}), {
        columns: switchColumns,
        empty: "Nothing was ever switched off.",
      });
    },
  });
  addAudit(governance, registrar);
  addVerb(governance, registrar, {
    usage: "checkpoint",
    description: "the newest signed checkpoint of the audit log; keep it elsewhere",
    example: "governance checkpoint --json > checkpoint.json",
    run: async (session) => {
      const { checkpoint } = await session.call("governance.checkpoint", {});
      session.show({ checkpoint }, () =>
        checkpoint === null
          ? "There is no checkpoint yet: nothing was audited."
          : facts(session, [
              ["entries", count(checkpoint.size)],
              ["root", checkpoint.rootHash],
              ["signed", `${instant(checkpoint.at)} UTC`],
              ["signature", checkpoint.signature],
              ["public key", checkpoint.publicKey],
            ]),
      );
    },
  });
  addVerb(governance, registrar, {
    usage: "link",
    description: "a new one-time sign-in link for the console",
    run: async (session) => {
      const link = await session.call("governance.createLink", {});
      session.show(
        link,
        () => `${session.palette.strong(link.url)}\n${session.palette.dim(`works once, until ${instant(link.expiresAt)} UTC`)}`,
      );
    },
  });
}

function parseLimit(text: string): { requests: number; windowSeconds: number } {
  const match = /^(\d+)\/(\d+)s?$/.exec(text);
  if (match === null || match[1] === "0" || match[2] === "0")
    throw new InvalidArgumentError("It must be requests/seconds, for example 1000/60.");
  return { requests: Number(match[1]), windowSeconds: Number(match[2]) };
}
