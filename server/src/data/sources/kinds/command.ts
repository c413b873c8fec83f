import { spawn } from "node:child_process";
import { closeSync, existsSync, fstatSync, openSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { AppError, isSecret, readEnvironment } from "../../../core/index.ts";
import type { SourceOf } from "../config.ts";
import type { Gathered, GatherInput, SourceKind } from "../types.ts";

type CommandSource = SourceOf<"command">;

const wordsKept = 2000;
const watchMs = 100;
const longestCursor = 64 * 1024;

/**
 * Any program that writes rows to its output: told where the last read ended (MILLRACE_CURSOR), it says where this one does,
 * with a line `{"$cursor": ...}` or, in any format, in the file MILLRACE_CURSOR_FILE names.
 */
export const command: SourceKind<CommandSource> = {
  async gather(input: GatherInput<CommandSource>): Promise<Gathered> {
    const { name, format } = input.source;
    const path = join(input.folder, "output");
    const cursorPath = join(input.folder, "cursor");
    await runCommand(input, { path, cursorPath });
    const written = existsSync(cursorPath) ? readCursor(name, cursorPath) : undefined;
    // In other formats, no output is no file: there is nothing new.
    const isSilent = format !== "jsonl" && statSync(path).size === 0;
    return {
      parts: isSilent ? [] : [{ name: "the output", path, format, holdsCursor: format === "jsonl" }],
      refused: [],
      more: false,
      next([report]) {
        // What is refused was not taken: the program is asked for it again.
        if (report?.refused !== undefined) return input.cursor;
        const said = written ?? report?.cursor;
        if (JSON.stringify(said ?? null).length > longestCursor) throw cursorFault(name, `is longer than ${longestCursor} characters`);
        return said ?? input.cursor;
      },
    };
  },

  describe: (cursor) => (cursor === null ? null : typeof cursor === "string" ? cursor : JSON.stringify(cursor)),
};

function readCursor(source: string, path: string): unknown {
  if (statSync(path).size > longestCursor) throw cursorFault(source, `is longer than ${longestCursor} characters`);
  const text = readFileSync(path, "utf8").trim();
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch (cause) {
    throw cursorFault(source, `is not JSON: ${(cause as Error).message}`);
  }
}

function cursorFault(source: string, words: string): AppError {
  return new AppError("source_unreadable", `The source ${source}: the cursor its program wrote ${words}.`, { details: { source } });
}

/** Its output goes to the file without passing through this process. `source_failed` when it ends with anything but 0. */
function runCommand(
  { source, cursor, folder, maxBytes, signal }: GatherInput<CommandSource>,
  { path, cursorPath }: { readonly path: string; readonly cursorPath: string },
): Promise<void> {
  const output = openSync(path, "w");
  return new Promise<void>((resolve, reject) => {
    const child = spawn(source.command, source.args, {
      cwd: source.folder ?? folder,
      env: {
        PATH: readEnvironment("PATH"),
        ...Object.fromEntries(Object.entries(source.environment).map(([name, value]) => [name, isSecret(value) ? value.reveal() : value])),
        MILLRACE_CURSOR_FILE: cursorPath,
        ...(cursor === null ? {} : { MILLRACE_CURSOR: JSON.stringify(cursor) }),
      },
      stdio: ["ignore", output, "pipe"],
      // A group of its own: what it starts ends with it.
      detached: true,
    });
    // A program that writes without end must not fill the disk.
    let isTooLarge = false;
    const watch = setInterval(() => {
      if (fstatSync(output).size <= maxBytes) return;
      isTooLarge = true;
      kill();
    }, watchMs);
    let words = "";
    child.stderr!.setEncoding("utf8").on("data", (chunk: string) => {
      words = (words + chunk).slice(-wordsKept);
    });
    const kill = () => {
      try {
        process.kill(-child.pid!, "SIGKILL");
      } catch {
        // It ended by itself.
      }
    };
    if (child.pid !== undefined && signal.aborted) kill();
    signal.addEventListener("abort", kill, { once: true });
    const fail = (what: string) => {
      clearInterval(watch);
      reject(new AppError("source_failed", `The source ${source.name}: ${what}`, { details: { source: source.name, stderr: words } }));
    };
    child.on("error", (error) => fail(`${source.command} cannot be started: ${error.message}`));
    child.on("close", (code, killedBy) => {
      clearInterval(watch);
      signal.removeEventListener("abort", kill);
      if (signal.aborted) reject(signal.reason as Error);
      else if (isTooLarge)
        fail(`${source.command} wrote more than ${maxBytes} bytes (\`data.maxUploadBytes\`); let it write less at a time.`);
      else if (code === 0) resolve();
      else
        fail(
          `${source.command} ended with ${code ?? killedBy}${words === "" ? "." : `: ${words.trim().split("\n").at(-1)!.slice(0, 300)}`}`,
        );
    });
  }).finally(() => closeSync(output));
}
