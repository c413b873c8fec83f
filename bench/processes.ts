import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
/** The kernel counts CPU time of a process in hundredths of a second. */
const ticksPerSecond = 100;

/** CPU seconds a process and its threads have used, from /proc (Linux). */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** Resident memory now and at its peak, in MB. */
export function memoryMb(pid: number): { now: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const read = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)![1]) / 1000;
  return { now: read("VmRSS"), peak: read("VmHWM") };
}

/** Has a process of `startMillrace` collect its garbage, all of it. */
export async function collectGarbage(pid: number): Promise<void> {
  process.kill(pid, "SIGUSR2");
  await new Promise((resolve) => setTimeout(resolve, 3000));
}

export interface Running {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** A bare `node:http` server that reads a body and sends it back: the floor everything is compared with. */
export async function startEcho(): Promise<Running> {
  return startScript(join(root, "bench/echo-server.ts"));
}

/** A program in a process of its own, whose first line says where it listens. */
export async function startScript(path: string, ...args: string[]): Promise<Running> {
  const child = spawn(process.execPath, [path, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  return running(child, await firstLine(child));
}

export interface Millrace extends Running {
  readonly key: string;
  readonly dataFolder: string;
  /** Seconds from the start of the process until it answered as ready. */
  readonly readySeconds: number;
}

/** `millrace up`, or `serve`, on a configuration of this folder, in a process of its own. */
export async function startMillrace(options: {
  config: string;
  dataFolder?: string;
  keep?: boolean;
  /** A PostgreSQL whose tables are there: `millrace serve` on it. */
  databaseUrl?: string;
}): Promise<Millrace> {
  const dataFolder = options.dataFolder ?? (await mkdtemp(join(tmpdir(), "millrace-bench-")));
  const started = performance.now();
  // Port 0 lets the kernel choose one that is free; what it chose stands in the line the command prints.
  const child = spawn(
    process.execPath,
    [
      "--expose-gc",
      `--import=data:text/javascript,${encodeURIComponent('process.on("SIGUSR2", () => { globalThis.gc(); globalThis.gc(); })')}`,
      ...profiling(),
      join(root, "server/src/main.ts"),
      options.databaseUrl === undefined ? "up" : "serve",
      "--json",
      "--data",
      dataFolder,
      "--config",
      join(root, "bench", options.config),
      "--port",
      "0",
    ],
    {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, NODE_OPTIONS: "--conditions=source", MILLRACE_DATABASE_URL: options.databaseUrl ?? "" },
    },
  );
  const { url } = JSON.parse(await firstLine(child)) as { url: string };
  while (!(await isReady(url))) {
    if (child.exitCode !== null) throw new Error(`millrace up ended with code ${child.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const readySeconds = (performance.now() - started) / 1000;
  const key = (await readFile(join(dataFolder, "admin.key"), "utf8")).trim();
  const base = running(child, url);
  return {
    ...base,
    key,
    dataFolder,
    readySeconds,
    stop: async () => {
      await base.stop();
      if (options.keep !== true) await rm(dataFolder, { recursive: true, force: true });
    },
  };
}

/** `MILLRACE_BENCH_PROFILE=<folder>` leaves a CPU profile of the serving process there: where a missed target is lost. */
function profiling(): string[] {
  const folder = process.env["MILLRACE_BENCH_PROFILE"];
  return folder === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${folder}`];
}

async function isReady(url: string): Promise<boolean> {
  try {
    return ((await (await fetch(`${url}/health/ready`)).json()) as { status: string }).status === "ok";
  } catch {
    return false;
  }
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.stdout!.setEncoding("utf8").once("data", (text: string) => resolve(text.trim()));
    child.once("exit", (code) => reject(new Error(`the process ended with code ${code}`)));
  });
}

function running(child: ChildProcess, url: string): Running {
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  return {
    url,
    pid: child.pid!,
    stop: async () => {
      child.kill("SIGTERM");
      await ended;
    },
  };
}
