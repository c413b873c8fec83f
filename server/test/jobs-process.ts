import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { createInterface } from "node:readline";
import type { NodeOptions } from "./fixtures/jobs-node.ts";
import { nodeArguments } from "./node-arguments.ts";

export interface JobsProcess {
  send(command: Record<string, unknown>): void;
  /** The next line that says it is there; rejects when the process ends first. */
  said(at: string): Promise<Record<string, unknown>>;
  kill(): Promise<void>;
  /** Resolves with the signal or code it ended with. */
  readonly ended: Promise<string>;
}

const fixture = fileURLToPath(new URL("fixtures/jobs-node.ts", import.meta.url));

/** Starts a process that runs jobs (see `fixtures/jobs-node.ts`). */
export function startJobsProcess(options: NodeOptions): JobsProcess {
  const child: ChildProcess = spawn(process.execPath, [...nodeArguments, fixture, JSON.stringify(options)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines: Record<string, unknown>[] = [];
  const waiting: { at: string; resolve: (line: Record<string, unknown>) => void; reject: (error: Error) => void }[] = [];
  const ended = new Promise<string>((resolve) => {
    child.once("exit", (code, signal) => {
      for (const each of waiting.splice(0)) each.reject(new Error(`the process ended (${signal ?? code}) before it said "${each.at}"`));
      resolve(String(signal ?? code));
    });
  });
  child.stdin!.on("error", () => {});
  createInterface({ input: child.stdout! }).on("line", (text) => {
    const line = JSON.parse(text) as Record<string, unknown>;
    const index = waiting.findIndex((each) => each.at === line["at"]);
    if (index === -1) lines.push(line);
    else waiting.splice(index, 1)[0]!.resolve(line);
  });
  return {
    ended,
    send: (command) => child.stdin!.write(`${JSON.stringify(command)}\n`),
    said(at) {
      const index = lines.findIndex((line) => line["at"] === at);
      if (index !== -1) return Promise.resolve(lines.splice(index, 1)[0]!);
      return new Promise((resolve, reject) => waiting.push({ at, resolve, reject }));
    },
    async kill() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}
