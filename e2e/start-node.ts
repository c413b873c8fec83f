import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Client, createClient } from "@millrace/sdk";
import { onTestFinished } from "vitest";
import { nodeArguments } from "../server/test/node-arguments.ts";
import type { Place } from "./store.ts";

const main = fileURLToPath(new URL("../server/src/main.ts", import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ProcessOutput {
  /** Everything written so far. */
  readonly out: string;
  readonly error: string;
}

/** A process of the program. */
export interface Spawned {
  readonly child: ChildProcess;
  readonly output: ProcessOutput;
  /** Settles when it is gone. */
  readonly ended: Promise<Ended>;
}

/** Starts `millrace <arguments>` as its own process, as a user would; the end of the test ends it. */
export function spawnMillrace(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Spawned {
  const child = spawn(process.execPath, [...nodeArguments, main, ...args], {
    env: { ...process.env, NODE_OPTIONS: "", MILLRACE_URL: "", MILLRACE_KEY: "", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = { out: "", error: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output.out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output.error += text));
  const ended = new Promise<Ended>((resolve) => child.once("close", (code, signal) => resolve({ code, signal })));
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  return { child, output, ended };
}

/** Runs one command to its end. */
export async function runMillrace(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Ended & ProcessOutput> {
  const { output, ended } = spawnMillrace(args, environment);
  return { ...(await ended), ...output };
}

export interface NodeOptions {
  readonly role: "up" | "serve" | "work";
  /** A file in `configs`, without `.config.ts`. */
  readonly config: string;
  /** Its data folder inside the place; `data`. */
  readonly data?: string;
  /** MILLRACE_NODE: the name of its journal. */
  readonly name?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

export interface RunningNode extends Spawned {
  readonly url: string;
  readonly dataFolder: string;
  /** With the admin key of its data folder. */
  readonly client: Client;
  readonly key: string;
  /** SIGTERM; resolves when the process has ended. */
  stop(): Promise<Ended>;
  /** kill -9; resolves when the process is gone. */
  kill(): Promise<Ended>;
}

export function configPath(name: string): string {
  return fileURLToPath(new URL(`configs/${name}.config.ts`, import.meta.url));
}

/** Spawns a node without waiting for it. */
export function spawnNode(place: Place, options: NodeOptions): Spawned {
  const dataFolder = join(place.folder, options.data ?? "data");
  const args = [options.role, "--json", "--data", dataFolder, "--config", configPath(options.config)];
  return spawnMillrace(args, {
    ...place.environment,
    ...(options.name === undefined ? {} : { MILLRACE_NODE: options.name }),
    ...options.environment,
  });
}

/** Starts a node and waits until it says that it is up; rejects with its last words otherwise. */
export async function startNode(place: Place, options: NodeOptions): Promise<RunningNode> {
  return untilUp(spawnNode(place, options), place, options);
}

export async function untilUp(spawned: Spawned, place: Place, options: NodeOptions): Promise<RunningNode> {
  const { child, output, ended } = spawned;
  const dataFolder = join(place.folder, options.data ?? "data");
  await new Promise<void>((resolve, reject) => {
    function look(): void {
      if (output.out.includes("\n")) resolve();
    }
    child.stdout!.on("data", look);
    look();
    void ended.then(({ code, signal }) => reject(new Error(`The node ended (${signal ?? code}) before it was up:\n${output.error}`)));
  });
  const { url } = JSON.parse(output.out.split("\n")[0]!) as { url: string };
  const keyFile = join(dataFolder, "admin.key");
  // A node that only works has no door and writes no key.
  const key = existsSync(keyFile) ? readFileSync(keyFile, "utf8").trim() : "";

  function end(signal: NodeJS.Signals): Promise<Ended> {
    child.kill(signal);
    return ended;
  }
  return {
    ...spawned,
    url,
    dataFolder,
    key,
    client: createClient({ url, key }),
    stop: () => end("SIGTERM"),
    kill: () => end("SIGKILL"),
  };
}
