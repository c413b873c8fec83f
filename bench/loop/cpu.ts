import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type Target, closedLoad, median } from "../load.ts";
import { type Millrace, type Running, cpuSeconds, startEcho, startMillrace } from "../processes.ts";
import { type Check, type CheckResult, atMost, result } from "../table.ts";
import { trainIntent } from "./learned.ts";
import { readBanking77 } from "./texts.ts";

const repeats = 5;
const requests = 8000;
/** As many again before the first is counted: what compiling hot code costs is spent once. */
const warmUp = 8000;
/** Callers at once. The fewer, the fewer share a write of the journal and a run of the model: the lower figure is shown beside the judged one. */
const judged = 64;
const shown = 16;

/** CPU of the serving process per request, as a ratio to a bare echo, drain off; interleaved, medians of the ratios. */
export const cpuCheck: Check = {
  name: "CPU per request",
  async run() {
    process.env["MILLRACE_BENCH_DRAIN"] = "off";
    const data = readBanking77();
    const echo = await startEcho();
    const server = await startMillrace({ config: "millrace.config.ts" });
    try {
      if (data !== null) await trainIntent(server, data.train);
      const texts = data?.test.map((row) => row.text) ?? Array.from({ length: 500 }, (_, index) => `where is my card number ${index}`);
      return [
        ...(await compare("rules", { echo, server, texts, concurrency: judged })),
        ...(await compare("rules", { echo, server, texts, concurrency: shown })),
        ...(data === null ? [] : await compare("learned", { echo, server, texts, concurrency: judged })),
        ...(data === null ? [] : await compare("learned", { echo, server, texts, concurrency: shown })),
      ];
    } finally {
      delete process.env["MILLRACE_BENCH_DRAIN"];
      await server.stop();
      await echo.stop();
    }
  },
};

interface Parts {
  readonly echo: Running;
  readonly server: Millrace;
  readonly texts: readonly string[];
  readonly concurrency: number;
}

async function compare(kind: "rules" | "learned", { echo, server, texts, concurrency }: Parts): Promise<CheckResult[]> {
  const name = kind === "rules" ? "echo-rules" : "intent";
  const body = (index: number) => JSON.stringify({ input: { text: texts[index % texts.length] } });
  const echoTarget: Target = { url: echo.url, path: "/", headers: {}, body };
  const target: Target = {
    url: server.url,
    path: `/api/functions/${name}/infer`,
    headers: { authorization: `Bearer ${server.key}` },
    body,
  };
  await closedLoad(echoTarget, { requests: warmUp, concurrency });
  await closedLoad(target, { requests: warmUp, concurrency });
  const floors: number[] = [];
  const wholes: number[] = [];
  const seen = kind === "learned" ? readRuns(server.dataFolder).length : 0;
  for (let repeat = 0; repeat < repeats; repeat++) {
    floors.push(await measure(echo.pid, echoTarget, concurrency));
    wholes.push(await measure(server.pid, target, concurrency));
  }
  const session = kind === "learned" ? sessionSeconds(readRuns(server.dataFolder).slice(seen)) : 0;
  const ratios = wholes.map((whole, repeat) => (whole - session) / floors[repeat]!);
  const limit = kind === "rules" ? 3 : 4;
  const label = `CPU per request, ${kind === "rules" ? "rules" : "learned less its session"}, ${concurrency} callers`;
  const n = repeats * requests;
  const microseconds = (seconds: number[]) => median(seconds) * 1e6;
  return [
    result(label, median(ratios), "x", { goal: concurrency === judged ? atMost(limit) : null, n }),
    result(`  of it: the echo`, microseconds(floors), "us", { goal: null, n }),
    result(
      `  of it: the whole request${kind === "learned" ? ` (session ${(session * 1e6).toFixed(0)} us)` : ""}`,
      microseconds(wholes),
      "us",
      { goal: null, n },
    ),
  ];
}

/** CPU seconds per request. */
async function measure(pid: number, target: Target, concurrency: number): Promise<number> {
  const before = cpuSeconds(pid);
  const { failures } = await closedLoad(target, { requests, concurrency });
  if (failures > 0) throw new Error(`${failures} of ${requests} requests failed`);
  return (cpuSeconds(pid) - before) / requests;
}

/**
 * Seconds of the ONNX session per request, as the evidence in the journal tells them: for each size of batch the median of its
 * runs (the mean would count what other programs took of the machine), shared among its rows.
 */
function sessionSeconds(all: readonly { size: number; runMs: number }[]): number {
  const runs = new Map<number, number[]>();
  for (const { size, runMs } of all) {
    const times = runs.get(size);
    if (times === undefined) runs.set(size, [runMs]);
    else times.push(runMs);
  }
  let seconds = 0;
  let rows = 0;
  for (const [size, times] of runs) {
    seconds += (median(times) / 1000 / size) * times.length;
    rows += times.length;
  }
  return seconds / rows;
}

function readRuns(dataFolder: string): { size: number; runMs: number }[] {
  const folder = join(dataFolder, "journal");
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".log"))
    .toSorted()
    .flatMap((name) => [...readFileSync(join(folder, name), "latin1").matchAll(/"batch":(\d+),"waitMs":[\d.]+,"runMs":([\d.]+)/g)])
    .map(([, size, runMs]) => ({ size: Number(size), runMs: Number(runMs) }));
}
