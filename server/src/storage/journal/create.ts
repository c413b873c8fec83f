import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../../core/index.ts";
import { NodeFolder } from "./node-folder.ts";
import { requireFolder, takeFolder } from "./own-folder.ts";
import { recoverFolder } from "./recover-folder.ts";
import type { Journal, JournalConfig, JournalDeps, JournalIncident, JournalRecord, JournalStats } from "./types.ts";
import { JournalWriter } from "./writer.ts";

const mebibyte = 1024 * 1024;

export const journalDefaults: Required<JournalConfig> = {
  sync: "always",
  segmentBytes: 64 * mebibyte,
  segmentMs: 3_600_000,
  maxBytes: 1024 * mebibyte,
  maxDiskShare: 0.9,
  flushMs: 2,
  flushRecords: 256,
  probeMs: 500,
};

/** What the drain needs of a journal and nobody else. */
export interface JournalInside {
  /** This node's folder first, then those of nodes that are gone. */
  readonly folders: readonly NodeFolder[];
  readonly onIncident: (incident: JournalIncident) => void;
  onDurable(listener: () => void): void;
}

const insides = new WeakMap<Journal, JournalInside>();

export function insideOf(journal: Journal): JournalInside {
  const inside = insides.get(journal);
  if (inside === undefined) throw new AppError("internal", "This journal was not made by createJournal.");
  return inside;
}

/** Opens this node's journal, recovers what a crash left, and adopts the folders of nodes that are gone. `data_folder_locked` when the node runs already. */
export async function createJournal(deps: JournalDeps): Promise<Journal> {
  const config = withDefaults(deps.config);
  const onIncident = (incident: JournalIncident): void => {
    deps.logger.error(incident.details, incident.message);
    deps.onIncident?.(incident);
  };
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(deps.node)) {
    throw new AppError("config_invalid", `The node name ${JSON.stringify(deps.node)} cannot name a folder.`, { details: { path: "node" } });
  }
  const path = join(deps.folder, deps.node);
  await mkdir(path, { recursive: true, mode: 0o700 });
  const ownership = await requireFolder(path, deps.clock);
  const own = new NodeFolder(path, await recoverFolder(path, onIncident), { ownership, clock: deps.clock });
  const adoptedAtStart = await adoptFolders(deps, onIncident);
  const folders = [own, ...adoptedAtStart];
  const listeners: (() => void)[] = [];
  const writer = new JournalWriter({
    node: deps.node,
    folder: own,
    clock: deps.clock,
    config,
    onIncident,
    onDurable: () => {
      for (const listener of listeners) listener();
    },
  });

  function appendSerialized(type: string, id: string, json: string): Promise<void> {
    return writer.append(type, id, json);
  }

  function append(record: JournalRecord): Promise<void> {
    const { type, id, ...fields } = record;
    return writer.append(type, id, JSON.stringify(fields));
  }

  function stats(): JournalStats {
    const sum = (pick: (folder: NodeFolder) => number) => folders.reduce((total, folder) => total + pick(folder), 0);
    return {
      accepted: sum((folder) => folder.accepted),
      stored: sum((folder) => folder.checkpoint.stored),
      rejected: sum((folder) => folder.checkpoint.rejected),
      backlog: sum((folder) => folder.backlog),
      refused: writer.refused,
      bytes: own.bytes,
      oldestAgeMs: Math.max(...folders.map((folder) => folder.oldestAgeMs)),
    };
  }

  /** On a quiet node the last records would stay in their segment for as long as nothing follows, bodies that were erased included. */
  async function endSegment(): Promise<void> {
    if (own.bytes === 0) return;
    await writer.rotate();
    for (const listener of listeners) listener();
  }
  const ending = setInterval(() => {
    endSegment().catch((error: unknown) => deps.logger.warn({ err: error }, "the journal's segment could not be ended; it is tried again"));
  }, config.segmentMs);
  ending.unref();

  async function close(): Promise<void> {
    clearInterval(ending);
    await writer.close();
    for (const folder of folders) await folder.release();
  }

  async function adopt(): Promise<void> {
    for (const adopted of await adoptFolders(deps, onIncident)) {
      // A folder that was adopted before and given free again is counted once.
      const before = folders.findIndex(({ path: known }) => known === adopted.path);
      if (before === -1) folders.push(adopted);
      else folders[before] = adopted;
    }
    for (const listener of listeners) listener();
  }

  const journal: Journal = {
    append,
    appendSerialized,
    unavailable: () => writer.refusal()?.message,
    stats,
    rotate: () => writer.rotate(),
    adopt,
    close,
  };
  insides.set(journal, { folders, onIncident, onDurable: (listener) => void listeners.push(listener) });
  return journal;
}

function withDefaults(config: JournalConfig = {}): Required<JournalConfig> {
  const given = { ...journalDefaults, ...config };
  // The segment being written is only removed after the next one began, so it must be a small part of the bound.
  return { ...given, segmentBytes: Math.min(given.segmentBytes, Math.max(4096, Math.floor(given.maxBytes / 8))) };
}

async function adoptFolders(deps: JournalDeps, onIncident: (incident: JournalIncident) => void): Promise<NodeFolder[]> {
  const adopted: NodeFolder[] = [];
  for (const entry of await readdir(deps.folder, { withFileTypes: true })) {
    if (!entry.isDirectory() || entry.name === deps.node) continue;
    const path = join(deps.folder, entry.name);
    const ownership = await takeFolder(path, deps.clock);
    if (ownership === undefined) continue; // Its node is alive.
    adopted.push(new NodeFolder(path, await recoverFolder(path, onIncident), { ownership, clock: deps.clock }));
  }
  return adopted;
}
