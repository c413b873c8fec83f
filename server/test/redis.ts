import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";

export interface TestRedis {
  /** `redis://127.0.0.1:<port>` */
  readonly url: string;
  /** Ends the process: the store is away. */
  stop(): Promise<void>;
  /** Starts it again on the same port, empty. */
  start(): Promise<void>;
  /** Holds it, so that it takes connections and answers nothing. */
  freeze(): void;
  thaw(): void;
}

/** Whether a Redis or Valkey is installed here; tests that need one are skipped where it is not, and say so. */
export const redisProgram = ["redis-server", "valkey-server"].find((name) => spawnSync(name, ["--version"]).status === 0);

/** A real store on loopback, in a process of its own, with nothing on disk. */
export async function startTestRedis(): Promise<TestRedis> {
  if (redisProgram === undefined) throw new Error("There is no redis-server here.");
  const port = await freePort();
  let child: ChildProcess | undefined;

  async function start(): Promise<void> {
    child = spawn(redisProgram!, ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
    for await (const line of child.stdout!) if (String(line).includes("Ready to accept connections")) break;
    if (child.exitCode !== null) throw new Error("redis-server ended at once.");
  }

  async function stop(): Promise<void> {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  }

  await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    start,
    stop,
    freeze: () => void child!.kill("SIGSTOP"),
    thaw: () => void child!.kill("SIGCONT"),
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
