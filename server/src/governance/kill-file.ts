import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { functionNameSchema } from "@millrace/contract";
import { z } from "zod";
import type { Logger } from "../core/index.ts";

/** The file, in the data folder, that switches functions off with no database and no server to ask. */
export function killFilePath(dataFolder: string): string {
  return join(dataFolder, "kill");
}

export interface LocalSwitch {
  readonly target: string;
  readonly reason: string | null;
  /** ISO instant; null when the line does not say. */
  readonly at: string | null;
}

const targetSchema = z.union([z.literal("*"), functionNameSchema]);
const lineSchema = z.object({ target: targetSchema, reason: z.string().nullish(), at: z.string().nullish() });

/**
 * One switch a line: a function's name, `*`, or `{"target", "reason", "at"}`. Empty lines and lines that start with `#` say
 * nothing. A line that cannot be read switches everything off: somebody meant to stop something, and unknown means deny.
 */
export function parseKillFile(text: string): LocalSwitch[] {
  const switches: LocalSwitch[] = [];
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    switches.push(
      parseLine(line) ?? { target: "*", reason: `line ${index + 1} of the kill file cannot be read, so everything is off`, at: null },
    );
  }
  return switches;
}

function parseLine(line: string): LocalSwitch | null {
  if (targetSchema.safeParse(line).success) return { target: line, reason: null, at: null };
  try {
    const parsed = lineSchema.safeParse(JSON.parse(line));
    return parsed.success ? { target: parsed.data.target, reason: parsed.data.reason ?? null, at: parsed.data.at ?? null } : null;
  } catch {
    return null;
  }
}

/** Switches a target off (or on again) in the file, with no database and no server. Answers what is off now. */
export function setLocalSwitch(path: string, change: LocalSwitch & { off: boolean }): LocalSwitch[] {
  const present = statSync(path, { throwIfNoEntry: false }) === undefined ? [] : parseKillFile(readFileSync(path, "utf8"));
  const { off, ...entry } = change;
  const kept = present.filter((item) => item.target !== change.target);
  const switches = off ? [...kept, entry] : kept;
  if (switches.length === 0) {
    rmSync(path, { force: true });
    return [];
  }
  mkdirSync(dirname(path), { recursive: true });
  // Written beside and renamed: a server must never read half of it.
  const temporary = `${path}.new`;
  writeFileSync(temporary, switches.map((item) => `${JSON.stringify(item)}\n`).join(""));
  renameSync(temporary, path);
  return switches;
}

export interface KillFile {
  /** The switches as last read, by target. */
  current(): ReadonlyMap<string, LocalSwitch>;
  close(): void;
}

const lookEveryMs = 200;

/**
 * Looks at the file five times a second. Looking, not `fs.watch`: a watch on a folder that is a network volume or a bind
 * mount may never fire, and this switch must. One `stat` costs about 5 us.
 */
export function watchKillFile(path: string, logger: Logger): KillFile {
  let seen = "";
  let switches = new Map<string, LocalSwitch>();

  function look(): void {
    try {
      const stat = statSync(path, { throwIfNoEntry: false, bigint: true });
      const state = stat === undefined ? "absent" : `${stat.ino} ${stat.mtimeNs} ${stat.size}`;
      if (state === seen) return;
      const list = stat === undefined ? [] : parseKillFile(readFileSync(path, "utf8"));
      if (seen !== "" || list.length > 0) logger.warn({ path, off: list.map((item) => item.target) }, "the kill file changed");
      switches = new Map(list.map((item) => [item.target, item]));
      seen = state;
    } catch (error) {
      // It is there and cannot be read: somebody meant to stop something.
      if (seen !== "unreadable") logger.error({ path, err: error }, "the kill file cannot be read: everything is switched off");
      switches = new Map([["*", { target: "*", reason: "the kill file cannot be read, so everything is off", at: null }]]);
      seen = "unreadable";
    }
  }

  look();
  const timer = setInterval(look, lookEveryMs);
  timer.unref();
  return { current: () => switches, close: () => clearInterval(timer) };
}
