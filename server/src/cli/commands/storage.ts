import type { Retention } from "@millrace/contract";
import type { Command } from "commander";
import { bytes, count, duration, instant } from "../format.ts";
import { startProgress } from "../progress.ts";
import type { Session } from "../session.ts";
import { facts, table } from "./show.ts";
import { type Registrar, type Verb, addVerb, group } from "./verb.ts";

export const backupVerb: Omit<Verb, "usage"> = {
  description: "write a backup into the data folder's backups",
  run: async (session, [name]) => {
    const backup = await session.call("storage.backup", { body: name === undefined ? {} : { name } });
    session.show(backup, () =>
      facts(session, [
        ["backup", backup.path],
        ["files", count(backup.files)],
        ["size", bytes(backup.bytes)],
        ["took", duration(backup.seconds * 1000)],
      ]),
    );
  },
};

const configOption = { flags: "--config <file>", description: "the configuration file" };

export function addStorage(program: Command, registrar: Registrar): void {
  const storage = group(program, "storage", "the stores: status, migrations, backup, restore");
  addVerb(storage, registrar, {
    usage: "status",
    description: "which store, how old the state in memory is",
    run: async (session) => {
      const status = await session.call("storage.status", {});
      session.show(status, () =>
        facts(session, [
          ["store", status.store],
          ["migrations", count(status.migrations)],
          ["state version", status.stateVersion],
          ["state age", duration(status.stateAgeMs)],
          ["last backup", status.lastBackupAt === null ? "never" : `${instant(status.lastBackupAt)} UTC`],
        ]),
      );
    },
  });
  addVerb(storage, registrar, {
    usage: "retention",
    description: "evidence whose time in SQL is over: what goes next, and what keeps the rest",
    run: async (session) => {
      const retention = await session.call("storage.retention", {});
      session.show(retention, () => retentionPage(session, retention));
    },
  });
  addVerb(storage, registrar, {
    usage: "migrate",
    description: "bring the database to this version (no server may run on an embedded one)",
    options: [configOption],
    run: async (session, _args, options) => {
      const work = registrar.cli.migrate({ dataFolder: session.dataFolder, configPath: options["config"] as string | undefined });
      const result = await withProgress(session, "migrating", work);
      session.show(result, () =>
        result.applied.length === 0
          ? `The ${result.store} store is up to date.`
          : `${count(result.applied.length)} migrations applied to the ${result.store} store:\n${result.applied.join("\n")}`,
      );
    },
  });
  addVerb(storage, registrar, { ...backupVerb, usage: "backup [name]" });
  addVerb(storage, registrar, {
    usage: "restore <backup>",
    description: "restore a backup into an empty data folder (no server may run on it)",
    example: "storage restore data/backups/2026-11-21 --data ./restored",
    options: [configOption],
    run: async (session, [from], options) => {
      const work = registrar.cli.restore({
        dataFolder: session.dataFolder,
        from: from!,
        configPath: options["config"] as string | undefined,
      });
      const result = await withProgress(session, "restoring", work);
      session.show(result, () =>
        facts(session, [
          ["restored to", session.dataFolder],
          ["files", count(result.files)],
          ["rows", count(result.rows)],
          ["took", duration(result.seconds * 1000)],
        ]),
      );
    },
  });
}

function retentionPage(session: Session, { bodiesDays, listsMonths, due }: Retention): string {
  const rule = facts(session, [
    ["bodies in SQL", `${count(bodiesDays)} days`],
    ["lists in SQL", `${count(listsMonths)} months`],
    ["in the lake", "for ever"],
  ]);
  if (due.length === 0) return `${rule}\n\nNothing is past that.`;
  const columns: Parameters<typeof table<Retention["due"][number]>>[2] = [
    { title: "KIND", value: (item) => item.kind },
    { title: "PERIOD", value: (item) => item.name },
    { title: "ROWS", value: (item) => count(item.rows), align: "right" },
    { title: "SIZE", value: (item) => bytes(item.bytes), align: "right" },
    { title: "NEXT RUN", value: (item) => (item.blockedBy === null ? "drops it" : `keeps it: ${item.blockedBy}`) },
  ];
  return `${rule}\n\n${table(session, due, columns)}`;
}

async function withProgress<T>(session: Session, doing: string, work: Promise<T>): Promise<T> {
  const progress = startProgress(session.terminal, doing);
  try {
    return await work;
  } finally {
    progress.end();
  }
}
