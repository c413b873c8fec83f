import { createCli, type CliDeps } from "../cli/index.ts";
import { AppError } from "../core/index.ts";
import { startApp } from "./create-app.ts";
import { startKept } from "./hand-over/index.ts";
import { migrateStore } from "./migrate-store.ts";
import { restoreStore } from "./restore-store.ts";
import type { App, AppOptions } from "./types.ts";
import { version } from "./version.ts";

/** What the command line needs of the program itself. */
export function commandPorts(): CliDeps {
  return {
    version,
    startApp: startKept,
    migrate: migrateStore,
    restore: restoreStore,
    scorePredictions: async (file, options) => (await import("../data/index.ts")).scorePredictions(file, options),
    chooseRows: async (file, options) => (await import("../data/index.ts")).chooseRows(file, options),
    applyFunctions: async (input) => (await import("../data/index.ts")).applyFunctions(input),
    runDemo: async (options) => (await loadDemo()).runDemo(options, { startApp: startForDemo, explain }),
  };
}

/** The demo's configuration never changes; a signal stops it. */
async function startForDemo(options: AppOptions): Promise<App> {
  const app = await startApp(options);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void app.close());
  return app;
}

/** The demo's mail and its parsers (100 MB) are in a checkout only; without them every other command must still start. */
async function loadDemo(): Promise<typeof import("../demo/index.ts")> {
  try {
    return await import("../demo/index.ts");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    throw new AppError("not_found", "The demo is not in the published package. Run `npm run demo` in a checkout of Millrace.", { cause });
  }
}

/** What `millrace explain` prints, as text. */
async function explain({ url, key, inferenceId }: { url: string; key: string; inferenceId: string }): Promise<string> {
  let text = "";
  const cli = createCli({
    ...commandPorts(),
    terminal: {
      out: (part) => {
        text += `${part}\n`;
      },
      error: (part) => {
        text += part;
      },
      columns: 100,
      isTerminal: false,
      isErrorTerminal: false,
      colours: false,
      readInput: () => Promise.resolve(""),
    },
  });
  await cli.run(["explain", inferenceId, "--url", url, "--key", key]);
  return text.trimEnd();
}
