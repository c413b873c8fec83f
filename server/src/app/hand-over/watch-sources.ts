import { stat } from "node:fs/promises";
import { hashSources, readSources } from "../hash-sources.ts";

const lookEveryMs = 300;

/**
 * Says when a configuration file, or a file it imports, has other text than when it had this hash. It looks at the files' times rather than
 * wait to be told: that works on every kind of disk and for every way an editor saves. A change counts once it has lasted for
 * two looks, so half a save is not one.
 */
export function watchSources({ entry, hash }: { readonly entry: string; readonly hash: string }, onChange: () => void): { close(): void } {
  let files: readonly string[] = [entry];
  let known = hash;
  let stamps = "";
  let pending = "";
  let closed = false;
  let timer: NodeJS.Timeout | undefined;

  async function look(): Promise<void> {
    const seen = (await Promise.all(files.map(stampOf))).join();
    if (seen !== pending || seen === stamps) {
      pending = seen;
      return;
    }
    stamps = seen;
    const before = known;
    known = await hashSources(entry).catch(() => `unreadable ${seen}`);
    // Files that were imported stay watched while the graph cannot be read: the one that is missing may be among them.
    files = await readSources(entry).then(
      (sources) => [...sources.keys()],
      () => files,
    );
    stamps = pending = (await Promise.all(files.map(stampOf))).join();
    if (known !== before && !closed) onChange();
  }

  function again(): void {
    if (closed) return;
    timer = setTimeout(() => void look().finally(again), lookEveryMs);
    timer.unref();
  }

  void look().then(look).finally(again);
  return {
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}

async function stampOf(file: string): Promise<string> {
  try {
    const { mtimeMs, size, ino } = await stat(file);
    return `${mtimeMs}/${size}/${ino}`;
  } catch {
    return "missing";
  }
}
