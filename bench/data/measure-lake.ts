import { readFileSync, readdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Lake, createLake } from "../../server/src/storage/index.ts";
import { cpuSeconds, memoryMb } from "../processes.ts";

const sampleMs = 50;

export interface Bench {
  /** As the program makes it: DuckDB in a task process of 1 GiB and two threads. */
  readonly lake: Lake;
  readonly folder: string;
}

export async function withLake<T>(run: (bench: Bench) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "millrace-bench-data-"));
  try {
    return await run({ lake: createLake({ scratchFolder: join(folder, "scratch") }), folder });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export interface Measured<T> {
  readonly answer: T;
  /** From asking to the answer, the start of the task process included. */
  readonly seconds: number;
  /** The largest resident memory of the task process. */
  readonly peakMb: number;
  /** Of the task process and its threads: what the figure would be on one core with nothing beside it. */
  readonly cpuSeconds: number;
}

export async function measure<T>(work: () => Promise<T>): Promise<Measured<T>> {
  let peakMb = 0;
  let cpu = 0;
  const timer = setInterval(() => {
    for (const pid of children()) {
      try {
        peakMb = Math.max(peakMb, memoryMb(pid).peak);
        cpu = Math.max(cpu, cpuSeconds(pid));
      } catch {
        // It ended between the two looks.
      }
    }
  }, sampleMs);
  const started = performance.now();
  try {
    const answer = await work();
    return { answer, seconds: (performance.now() - started) / 1000, peakMb, cpuSeconds: cpu };
  } finally {
    clearInterval(timer);
  }
}

/** Processes that this one started, from /proc (Linux). */
function children(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        return (
          readFileSync(`/proc/${name}/stat`, "utf8")
            .replace(/^.*\) /, "")
            .split(" ")[1] === String(process.pid)
        );
      } catch {
        return false;
      }
    })
    .map(Number);
}
