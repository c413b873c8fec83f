import { constants } from "node:fs";
import { type FileHandle, lstat, open, readdir, rename } from "node:fs/promises";
import { join } from "node:path";

const segmentPattern = /^(\d{12})\.log$/;

export function segmentPath(folder: string, segment: number): string {
  return join(folder, `${String(segment).padStart(12, "0")}.log`);
}

/** Numbers and sizes of the segments in a folder, in order. Only regular files: reading a link to a device might never end. */
export async function listSegments(folder: string): Promise<{ segment: number; size: number }[]> {
  const found: { segment: number; size: number }[] = [];
  for (const name of await readdir(folder)) {
    const match = segmentPattern.exec(name);
    if (match === null) continue;
    const status = await lstat(join(folder, name));
    if (status.isFile()) found.push({ segment: Number(match[1]), size: status.size });
  }
  return found.toSorted((a, b) => a.segment - b.segment);
}

/** Makes names that were created, renamed or removed in a folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Replaces a file as a whole: after a crash there is the old text or the new one. */
export async function replaceFile(path: string, text: string | Uint8Array): Promise<void> {
  const temporary = `${path}.tmp`;
  const handle = await open(temporary, "w", 0o600);
  try {
    await handle.writeFile(text);
    await handle.datasync();
  } finally {
    await handle.close();
  }
  await rename(temporary, path);
}

/** Reads exactly `length` bytes at `position`, fewer only at the end of the file. */
export async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}
