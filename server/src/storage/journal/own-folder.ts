import { readFileSync, utimesSync } from "node:fs";
import { link, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { AppError, type Clock } from "../../core/index.ts";

/** Exclusive use of one node's folder by one process. */
export interface Ownership {
  release(): Promise<void>;
}

interface Owner {
  readonly pid: number;
  readonly host: string;
  /** The process's start in clock ticks since boot: a process id alone may be a stranger's, who got the number later. */
  readonly started: string;
}

const heldHere = new Set<string>();
const heartbeatMs = 5_000;
const staleMs = 20_000;

function processStart(pid: number): string {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    return text.slice(text.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return ""; // Not Linux, or no such process.
  }
}

async function isAlive(owner: Owner, path: string, clock: Clock): Promise<boolean> {
  if (owner.host !== hostname()) {
    const status = await stat(path).catch(() => undefined);
    return status !== undefined && clock.now() - status.mtimeMs < staleMs;
  }
  if (owner.pid === process.pid) return heldHere.has(path);
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  return owner.started === "" || owner.started === processStart(owner.pid);
}

/** Takes the folder, or returns undefined when a live process has it. */
export async function takeFolder(folder: string, clock: Clock): Promise<Ownership | undefined> {
  const path = join(folder, "owner.json");
  const mine = `${path}.${process.pid}`;
  const owner: Owner = { pid: process.pid, host: hostname(), started: processStart(process.pid) };
  await writeFile(mine, JSON.stringify(owner), { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < 3; attempt++) {
      // A link appears with its whole content, or not at all when somebody has the folder.
      if (await linkNew(mine, path)) return hold(path, clock);
      const text = await readFile(path, "utf8").catch(() => "");
      const current = parseOwner(text);
      if (current !== undefined && (await isAlive(current, path, clock))) return undefined;
      if (!(await removeStale(path, text))) return undefined;
    }
    return undefined;
  } finally {
    await rm(mine, { force: true });
  }
}

async function linkNew(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Removes the file of a dead owner; false when a live one took its place between reading and removing. */
async function removeStale(path: string, text: string): Promise<boolean> {
  const aside = `${path}.stale-${process.pid}`;
  try {
    await rename(path, aside);
  } catch {
    return true; // Another process removed it first.
  }
  const same = (await readFile(aside, "utf8")) === text;
  if (!same) await linkNew(aside, path);
  await rm(aside, { force: true });
  return same;
}

function parseOwner(text: string): Owner | undefined {
  try {
    return JSON.parse(text) as Owner;
  } catch {
    return undefined; // Emptied by a power cut: nobody has the folder.
  }
}

function hold(path: string, clock: Clock): Ownership {
  heldHere.add(path);
  const timer = setInterval(() => {
    try {
      utimesSync(path, clock.now() / 1000, clock.now() / 1000);
    } catch {
      // The folder was removed under us; the next append says so better.
    }
  }, heartbeatMs);
  timer.unref();
  return {
    async release() {
      clearInterval(timer);
      if (heldHere.delete(path)) await rm(path, { force: true });
    },
  };
}

export async function requireFolder(folder: string, clock: Clock): Promise<Ownership> {
  const ownership = await takeFolder(folder, clock);
  if (ownership !== undefined) return ownership;
  const owner = parseOwner(await readFile(join(folder, "owner.json"), "utf8").catch(() => ""));
  const who = owner === undefined ? "" : ` (pid ${owner.pid}${owner.host === hostname() ? "" : ` on ${owner.host}`})`;
  throw new AppError(
    "data_folder_locked",
    `Another Millrace process${who} writes the journal in ${folder}. Nodes that share a data folder each need a MILLRACE_NODE of their own.`,
    { details: { folder, pid: owner?.pid ?? null, host: owner?.host ?? null } },
  );
}
