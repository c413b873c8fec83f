import { createCli, type CliDeps } from "../cli/index.ts";
import { runDemo } from "../demo/index.ts";
import { startApp } from "./create-app.ts";
import { migrateStore } from "./migrate-store.ts";
import { restoreStore } from "./restore-store.ts";
import { version } from "./version.ts";

/** What the command line needs of the program itself. */
export function commandPorts(): CliDeps {
  return {
    version,
    startApp,
    migrate: migrateStore,
    restore: restoreStore,
    runDemo: (options) => runDemo(options, { startApp, explain }),
  };
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
