import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { AppError, createId, sha256 } from "../../core/index.ts";
import type { BlobReference, BlobScope, BlobSource, BlobStore } from "./types.ts";

const hashPattern = /^[0-9a-f]{64}$/;
const projectPattern = /^[A-Za-z0-9-]{1,64}$/;

/** Blobs in a folder: `<folder>/<projectId>/<first two digits>/<hash>`. */
export function createFolderBlobs(deps: { readonly folder: string }): BlobStore {
  function projectFolder(scope: BlobScope): string {
    if (!projectPattern.test(scope.projectId)) throw new AppError("internal", `${JSON.stringify(scope.projectId)} cannot name a folder.`);
    return join(deps.folder, scope.projectId);
  }

  function pathOf(scope: BlobScope, hash: string): string {
    if (!hashPattern.test(hash)) throw notFound(hash);
    return join(projectFolder(scope), hash.slice(0, 2), hash);
  }

  async function put(scope: BlobScope, source: BlobSource): Promise<BlobReference> {
    if (typeof source === "string" || source instanceof Uint8Array) {
      const bytes = typeof source === "string" ? Buffer.from(source) : source;
      const reference = { hash: sha256(bytes), size: bytes.length };
      // Known beforehand, so what is there already costs no write.
      if (await isWhole(pathOf(scope, reference.hash), reference.size)) return reference;
      return place(scope, [bytes]);
    }
    return place(scope, source);
  }

  /** Writes to a temporary file, then gives it its name: a reader sees the whole blob or none. */
  async function place(scope: BlobScope, chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<BlobReference> {
    const incoming = join(projectFolder(scope), "incoming");
    await mkdir(incoming, { recursive: true, mode: 0o700 });
    const temporary = join(incoming, createId());
    try {
      const reference = await writeChunks(temporary, chunks);
      const path = pathOf(scope, reference.hash);
      if (await isWhole(path, reference.size)) return reference;
      await mkdir(join(path, ".."), { recursive: true, mode: 0o700 });
      await rename(temporary, path);
      await syncFolder(join(path, ".."));
      return reference;
    } finally {
      await rm(temporary, { force: true });
    }
  }

  async function putFile(scope: BlobScope, file: string): Promise<BlobReference> {
    return place(scope, createReadStream(file));
  }

  async function get(scope: BlobScope, hash: string): Promise<Buffer> {
    const bytes = await readFile(pathOf(scope, hash)).catch((error: NodeJS.ErrnoException) => {
      throw error.code === "ENOENT" ? notFound(hash) : error;
    });
    if (sha256(bytes) !== hash) throw corrupt(scope, hash);
    return bytes;
  }

  async function path(scope: BlobScope, hash: string): Promise<string> {
    const file = pathOf(scope, hash);
    if (!(await has(scope, hash))) throw notFound(hash);
    if ((await hashFile(file)) !== hash) throw corrupt(scope, hash);
    return file;
  }

  async function has(scope: BlobScope, hash: string): Promise<boolean> {
    return (await sizeOf(pathOf(scope, hash))) !== undefined;
  }

  async function* list(scope: BlobScope): AsyncIterable<BlobReference> {
    const folder = projectFolder(scope);
    for (const prefix of (await readNames(folder)).filter((name) => name.length === 2)) {
      for (const hash of (await readNames(join(folder, prefix))).filter((name) => hashPattern.test(name))) {
        const size = await sizeOf(join(folder, prefix, hash));
        if (size !== undefined) yield { hash, size };
      }
    }
  }

  async function remove(scope: BlobScope, hash: string): Promise<void> {
    await rm(pathOf(scope, hash), { force: true });
  }

  return { put, putFile, get, path, has, list, remove };
}

async function writeChunks(path: string, chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<BlobReference> {
  const digest = createHash("sha256");
  let size = 0;
  const handle = await open(path, "wx", 0o600);
  try {
    for await (const chunk of chunks) {
      digest.update(chunk);
      size += chunk.length;
      await handle.writeFile(chunk);
    }
    await handle.datasync();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== "ENOSPC" && code !== "EDQUOT") throw cause;
    throw new AppError("disk_full", `There is no room for a blob in ${path}.`, { details: { path }, cause });
  } finally {
    await handle.close();
  }
  return { hash: digest.digest("hex"), size };
}

async function hashFile(path: string): Promise<string> {
  const digest = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) digest.update(chunk as Buffer);
  return digest.digest("hex");
}

async function sizeOf(path: string): Promise<number | undefined> {
  const status = await stat(path).catch(() => undefined);
  return status?.isFile() === true ? status.size : undefined;
}

/** A file of another size was damaged; putting the same bytes again mends it. */
async function isWhole(path: string, size: number): Promise<boolean> {
  return (await sizeOf(path)) === size;
}

async function readNames(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return [];
    throw error;
  });
  return names.toSorted();
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function notFound(hash: string): AppError {
  return new AppError("blob_not_found", `There is no stored object ${hash}.`, { details: { hash } });
}

function corrupt(scope: BlobScope, hash: string): AppError {
  return new AppError("blob_corrupt", `The stored object ${hash} does not match its hash.`, {
    details: { hash, projectId: scope.projectId },
  });
}
