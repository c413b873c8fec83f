import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { resolve } from "node:path";
import { AppError } from "../../core/index.ts";

export interface FolderLock {
  release(): Promise<void>;
}

/**
 * An exclusive lock on a data folder, held by the kernel: a bound socket whose name is derived from the folder. It
 * vanishes with the process however it ends, so there is no stale lock to judge and no process id to trust. On Linux the
 * name is abstract (no file); elsewhere it is a socket file in the folder, taken over when nobody listens on it.
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const path = resolve(folder);
  await mkdir(path, { recursive: true });
  const address =
    process.platform === "linux" ? `\0millrace-${createHash("sha256").update(path).digest("hex").slice(0, 32)}` : `${path}/lock.sock`;
  const noteFile = `${path}/lock.json`;
  let server: Server;
  try {
    server = await bind(address);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    if (process.platform !== "linux" && (await isStale(address))) {
      await rm(address, { force: true });
      server = await bind(address);
    } else {
      const owner = await readOwner(noteFile);
      throw new AppError(
        "data_folder_locked",
        `Another Millrace process${owner === null ? "" : ` (pid ${owner})`} uses the data folder ${path}.`,
        { details: { folder: path, pid: owner } },
      );
    }
  }
  await writeFile(noteFile, JSON.stringify({ pid: process.pid }));
  return {
    release: async () => {
      await rm(noteFile, { force: true });
      await new Promise((done) => server.close(done));
    },
  };
}

function bind(address: string): Promise<Server> {
  return new Promise((done, fail) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", fail);
    server.listen(address, () => {
      server.unref();
      done(server);
    });
  });
}

async function isStale(address: string): Promise<boolean> {
  const { connect } = await import("node:net");
  return new Promise((done) => {
    const socket = connect(address);
    socket.once("connect", () => {
      socket.destroy();
      done(false);
    });
    socket.once("error", () => done(true));
  });
}

async function readOwner(noteFile: string): Promise<number | null> {
  try {
    return (JSON.parse(await readFile(noteFile, "utf8")) as { pid: number }).pid;
  } catch {
    // The note only helps the message; the lock is the socket.
    return null;
  }
}
