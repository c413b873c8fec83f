import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { existsSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { onTestFinished } from "vitest";

const execute = promisify(execFile);
const debian = "/usr/lib/postgresql";

/** A PostgreSQL that a test may stop and start as it likes. */
export interface ThrowawayPostgres {
  readonly url: string;
  start(): Promise<void>;
  /** Cuts every connection, as a crash does. */
  stop(): Promise<void>;
}

/** The folder with PostgreSQL's programs; undefined where it is not installed. */
export async function findPostgres(): Promise<string | undefined> {
  const versions = existsSync(debian) ? await readdir(debian) : [];
  const folders = versions.toSorted((a, b) => Number(b) - Number(a)).map((version) => join(debian, version, "bin"));
  return [...folders, ...(process.env["PATH"] ?? "").split(":")].find((folder) => existsSync(join(folder, "initdb")));
}

/** Makes and starts a cluster in a folder of its own; both are gone when the test ends. */
export async function createThrowawayPostgres(programs: string): Promise<ThrowawayPostgres> {
  const folder = await mkdtemp(join(tmpdir(), "millrace-postgres-"));
  const isRoot = process.getuid?.() === 0;
  const socket = join(folder, "socket");
  const data = join(folder, "data");
  const port = await findFreePort();

  /** PostgreSQL refuses to run as root. */
  async function run(program: string, ...args: string[]): Promise<void> {
    const path = join(programs, program);
    await (isRoot ? execute("runuser", ["-u", "postgres", "--", path, ...args], { cwd: "/" }) : execute(path, args, { cwd: "/" }));
  }

  async function start(): Promise<void> {
    const settings = `-c listen_addresses=127.0.0.1 -c port=${port} -c unix_socket_directories=${socket} -c fsync=off`;
    await run("pg_ctl", `--pgdata=${data}`, `--log=${join(folder, "log")}`, "--wait", "start", "-o", settings);
  }

  async function stop(): Promise<void> {
    await run("pg_ctl", `--pgdata=${data}`, "--mode=immediate", "--wait", "stop");
  }

  onTestFinished(async () => {
    await stop().catch(() => {
      // It was stopped already.
    });
    await rm(folder, { recursive: true, force: true });
  });
  await mkdir(socket);
  await chmod(folder, 0o755);
  if (isRoot) await execute("chown", ["-R", "postgres", folder]);
  await run("initdb", `--pgdata=${data}`, "--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync");
  await start();
  const statements = ["create role millrace login nosuperuser nobypassrls createrole", "create database millrace owner millrace"];
  for (const statement of statements)
    await run("psql", "--quiet", `--host=${socket}`, `--port=${port}`, "--username=postgres", "--command", statement);
  return { url: `postgres://millrace@127.0.0.1:${port}/millrace`, start, stop };
}

async function findFreePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
