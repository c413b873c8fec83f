import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { createClient } from "../../sdk/src/index.ts";
import { defaultProjectId } from "../../server/src/core/index.ts";
import { prepareText } from "../../server/src/models/index.ts";
import { createFolderBlobs } from "../../server/src/storage/index.ts";
import { type Target, closedLoad, median } from "../load.ts";
import { type Millrace, type Running, cpuSeconds, startEcho, startMillrace } from "../processes.ts";
import { type Check, type CheckResult, atMost, result } from "../table.ts";
import { trainIntent } from "./learned.ts";
import { readBanking77 } from "./texts.ts";

const repeats = 5;
const requests = 8000;
const concurrency = 32;

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
        ...(await compare("rules", { echo, server, texts })),
        ...(data === null ? [] : await compare("learned", { echo, server, texts })),
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
}

async function compare(kind: "rules" | "learned", { echo, server, texts }: Parts): Promise<CheckResult[]> {
  const name = kind === "rules" ? "echo-rules" : "intent";
  const body = (index: number) => JSON.stringify({ input: { text: texts[index % texts.length] } });
  const echoTarget: Target = { url: echo.url, path: "/", headers: {}, body };
  const target: Target = {
    url: server.url,
    path: `/api/functions/${name}/infer`,
    headers: { authorization: `Bearer ${server.key}` },
    body,
  };
  await closedLoad(echoTarget, { requests: 1000, concurrency });
  await closedLoad(target, { requests: 1000, concurrency });
  const session = kind === "learned" ? await sessionSeconds(server, texts) : 0;
  const ratios: number[] = [];
  for (let repeat = 0; repeat < repeats; repeat++) {
    const floor = await measure(echo.pid, echoTarget);
    const whole = await measure(server.pid, target);
    ratios.push((whole - session) / floor);
  }
  const limit = kind === "rules" ? 3 : 4;
  const label = kind === "rules" ? "CPU per request, rules, against a bare echo" : "CPU per request, learned, less the session's own time";
  return [result(label, median(ratios), "x", { goal: atMost(limit), n: repeats * requests })];
}

/** CPU seconds per request. */
async function measure(pid: number, target: Target): Promise<number> {
  const before = cpuSeconds(pid);
  const { failures } = await closedLoad(target, { requests, concurrency });
  if (failures > 0) throw new Error(`${failures} of ${requests} requests failed`);
  return (cpuSeconds(pid) - before) / requests;
}

/**
 * CPU seconds the ONNX session itself takes per request: what batches of the sizes that were served (they stand in the journal)
 * cost alone in this process, on the same file and texts.
 */
async function sessionSeconds(server: Millrace, texts: readonly string[]): Promise<number> {
  const { hash } = await createClient(server).call("models.getVersion", { parameters: { name: "intent", version: 1 } });
  const blobs = createFolderBlobs({ folder: join(server.dataFolder, "blobs") });
  const session = await InferenceSession.create(await blobs.path({ projectId: defaultProjectId }, hash), { intraOpNumThreads: 1, interOpNumThreads: 1 });
  const sizes = readBatchSizes(server.dataFolder);
  let sum = 0;
  for (const size of new Set(sizes)) sum += (await secondsPerRow(session, texts, size)) * sizes.filter((each) => each === size).length;
  await session.release();
  return sum / sizes.length;
}

/** For each request served, how many went through the session together, as the next power of two below. */
function readBatchSizes(dataFolder: string): number[] {
  const folder = join(dataFolder, "journal");
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".log"))
    .flatMap((name) => [...readFileSync(join(folder, name), "latin1").matchAll(/"batch":(\d+)/g)])
    .map(([, size]) => 2 ** Math.floor(Math.log2(Number(size))));
}

async function secondsPerRow(session: InferenceSession, texts: readonly string[], size: number): Promise<number> {
  const feeds = Array.from({ length: Math.floor(1000 / size) }, (_, index) => {
    const rows = Array.from({ length: size }, (_row, row) => prepareText(texts[(index * size + row) % texts.length]));
    return { text: new Tensor("string", rows, [size]) };
  });
  for (const feed of feeds.slice(0, Math.ceil(200 / size))) await session.run(feed, ["probabilities"]);
  const before = process.cpuUsage();
  for (const feed of feeds) await session.run(feed, ["probabilities"]);
  const used = process.cpuUsage(before);
  return (used.user + used.system) / 1e6 / (feeds.length * size);
}
