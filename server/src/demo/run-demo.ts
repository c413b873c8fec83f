import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createProgress } from "./progress.ts";
import { type Summary, renderSummary } from "./summary.ts";
import { runTurn } from "./turn.ts";

export interface DemoOptions {
  readonly dataFolder?: string | undefined;
  readonly port?: number | undefined;
  /** Stop after the turn. */
  readonly once: boolean;
  /** Make the last line of standard output the summary as one JSON object. */
  readonly json: boolean;
}

export interface DemoDeps {
  startApp(options: {
    role: "up";
    dataFolder: string;
    configPath: string;
    port?: number | undefined;
    logLevel: "error";
  }): Promise<{ url: string; adminLink: string | null; close(): Promise<void>; stopped: Promise<void> }>;
  /** What `millrace explain <id>` prints, read from this server. */
  explain(input: { url: string; key: string; inferenceId: string }): Promise<string>;
}

const configPath = fileURLToPath(new URL(`./millrace.config${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url));

/** One turn of the loop on real mail in a data folder of its own; then the server stays, unless `once`. Answers the exit code. */
export async function runDemo(options: DemoOptions, deps: DemoDeps): Promise<number> {
  const started = performance.now();
  const output = options.json ? process.stderr : process.stdout;
  const progress = createProgress(output, () => performance.now());
  // Each demo starts from nothing: a folder given by name is kept, one of our own goes when the demo ends.
  const own = options.dataFolder === undefined ? await mkdtemp(join(tmpdir(), "millrace-demo-")) : undefined;
  const dataFolder = options.dataFolder ?? join(own!, "data");
  try {
    const stage = progress.stage("start");
    const app = await deps.startApp({ role: "up", dataFolder, configPath, port: options.port, logLevel: "error" });
    stage.done(`Millrace at ${app.url}, data in ${dataFolder}`);
    const key = (await readFile(join(dataFolder, "admin.key"), "utf8")).trim();
    let exitCode = 0;
    try {
      const turn = await runTurn({
        url: app.url,
        key,
        progress,
        explain: (_client, inferenceId) => deps.explain({ url: app.url, key, inferenceId }),
      });
      const summary: Summary = { ...turn, seconds: (performance.now() - started) / 1000 };
      output.write(`${renderSummary(summary)}\n`);
      if (!summary.audit.verified) exitCode = 1;
      if (options.json) process.stdout.write(`${JSON.stringify(summary)}\n`);
      if (!options.once) {
        output.write(`\nThe console: ${app.adminLink ?? app.url} (the link works once). Ctrl-C stops it.\n`);
        await app.stopped;
      }
    } finally {
      await app.close();
    }
    return exitCode;
  } finally {
    if (own !== undefined) await rm(own, { recursive: true, force: true });
  }
}
