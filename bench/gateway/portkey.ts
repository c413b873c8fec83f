import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { request } from "undici";
import { type Target, closedLoad, median, openLoad, percentile } from "../load.ts";
import { type Running, cpuSeconds } from "../processes.ts";
import { type Check, type CheckResult, atLeast, atMost, result } from "../table.ts";
import { chatTarget, startParties } from "./parties.ts";

const version = "1.15.2";
const repeats = 5;
const requests = 2000;
const warmUp = 3000;
const concurrency = 64;
const rate = { ratePerSecond: 500, seconds: 6 };
const firstTokens = 40;

/** The most used TypeScript gateway, on the same Node: requests per CPU second, p99 at 500 a second, time to a stream's first event. */
export const portkeyCheck: Check = {
  name: "portkey",
  async run() {
    const program = install();
    if (program === null) return [missing()];
    const { upstream, proxy, server, stop } = await startParties({ drain: false });
    const peer = await start(program);
    try {
      const headers = { authorization: "Bearer none", "x-portkey-provider": "openai", "x-portkey-custom-host": `${upstream.url}/v1` };
      const theirs = (model: string): Target => ({ ...chatTarget(peer, model), headers });
      const ours = (model: string) => chatTarget(server, model);
      const bare = (model: string) => chatTarget(proxy, model);
      for (const target of [theirs("whole"), ours("whole"), bare("whole")]) await closedLoad(target, { requests: warmUp, concurrency });
      const cpu: number[] = [];
      const late: number[] = [];
      const first: number[] = [];
      const ceiling: { cpu: number; first: number }[] = [];
      for (let repeat = 0; repeat < repeats; repeat++) {
        const spentThere = await spent(peer, theirs("whole"));
        cpu.push(spentThere / (await spent(server, ours("whole"))));
        late.push((await p99(ours("whole"))) / (await p99(theirs("whole"))));
        const firstThere = await firstToken(theirs("paced:20:20"));
        first.push(firstThere / (await firstToken(ours("paced:20:20"))));
        ceiling.push({
          cpu: spentThere / (await spent(proxy, bare("whole"))),
          first: firstThere / (await firstToken(bare("paced:20:20"))),
        });
      }
      return [
        result(`requests per CPU second, of @portkey-ai/gateway ${version}'s`, median(cpu), "x", {
          goal: atLeast(12),
          n: repeats * requests,
        }),
        result("  p99 at 500 requests/s, of its", median(late), "x", { goal: atMost(0.2), n: repeats * rate.ratePerSecond * rate.seconds }),
        result("  its time to a stream's first event, of ours", median(first), "x", { goal: atLeast(10), n: repeats * firstTokens }),
        result("  what a bare proxy comes to: requests per CPU second", median(ceiling.map((each) => each.cpu)), "x", {
          goal: null,
          n: repeats * requests,
        }),
        result("  what a bare proxy comes to: first event", median(ceiling.map((each) => each.first)), "x", {
          goal: null,
          n: repeats * firstTokens,
        }),
      ];
    } finally {
      await peer.stop();
      await stop();
    }
  },
};

function missing(): CheckResult {
  return {
    name: `@portkey-ai/gateway ${version}: could not be installed here`,
    value: null,
    unit: "",
    target: "at least 12",
    ok: null,
    n: 0,
  };
}

/** Its start file, in a folder outside the project that is kept between runs; null where npm cannot be reached. */
function install(): string | null {
  const folder = join(tmpdir(), `millrace-bench-portkey-${version}`);
  const program = join(folder, "node_modules/@portkey-ai/gateway/build/start-server.js");
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  // With a newer server package under it, its streams fail.
  const manifest = { private: true, dependencies: { "@portkey-ai/gateway": version }, overrides: { "@hono/node-server": "1.13.8" } };
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
  spawnSync("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: folder, stdio: "ignore", timeout: 180_000 });
  return existsSync(program) ? program : null;
}

async function start(program: string): Promise<Running> {
  const port = await freePort();
  const child = spawn(process.execPath, [program, "--headless", `--port=${port}`], { stdio: "ignore" });
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0; !(await answers(url)); tries++) {
    if (child.exitCode !== null || tries > 300) throw new Error("@portkey-ai/gateway did not start");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  return {
    url,
    pid: child.pid!,
    async stop() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

async function answers(url: string): Promise<boolean> {
  try {
    await (await request(url)).body.dump();
    return true;
  } catch {
    return false;
  }
}

/** CPU seconds a request. */
async function spent({ pid }: Running, target: Target): Promise<number> {
  const before = cpuSeconds(pid);
  const { failures } = await closedLoad(target, { requests, concurrency });
  if (failures > 0) throw new Error(`${failures} of ${requests} requests to ${target.url} failed`);
  return (cpuSeconds(pid) - before) / requests;
}

async function p99(target: Target): Promise<number> {
  const { latenciesMs, failures } = await openLoad(target, rate);
  if (failures > 0) throw new Error(`${failures} requests to ${target.url} failed`);
  return percentile(latenciesMs, 0.99);
}

/** Milliseconds to the first event of a stream, the median of some, one after the other. */
async function firstToken(target: Target): Promise<number> {
  const times: number[] = [];
  for (let index = 0; index < firstTokens; index++) {
    const from = performance.now();
    const { body } = await request(`${target.url}${target.path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...target.headers },
      body: target.body(index),
    });
    for await (const part of body) {
      if (!String(part).includes("content")) continue;
      times.push(performance.now() - from);
      break;
    }
  }
  return median(times);
}
