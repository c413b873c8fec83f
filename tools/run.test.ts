import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";

const script = join(import.meta.dirname, "run.mjs");
const folders: string[] = [];

function runScript(scriptArguments: string[], environment: Record<string, string> = {}) {
  return spawnSync(process.execPath, [script, ...scriptArguments], {
    encoding: "utf8",
    env: { PATH: process.env["PATH"] ?? "", ...environment },
  });
}

/** A file that runs `run()` of processes.mjs on a program of one line. */
function wrapper(program: string): string {
  const folder = mkdtempSync(join(tmpdir(), "millrace-run-"));
  folders.push(folder);
  const file = join(folder, "wrapper.mjs");
  const processes = join(import.meta.dirname, "processes.mjs");
  writeFileSync(
    file,
    `import { run } from ${JSON.stringify(processes)};\nawait run(process.execPath, ["-e", ${JSON.stringify(program)}]);\n`,
  );
  return file;
}

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

describe("the npm scripts", () => {
  it("name what exists when asked for what does not", () => {
    const { status, stderr } = runScript(["tests"]);
    expect(status).toBe(2);
    expect(stderr).toContain("demo, millrace, test,");
  });

  it("say what to set before the suite runs on PostgreSQL", () => {
    const { status, stderr } = runScript(["test-postgres"]);
    expect(status).toBe(2);
    expect(stderr).toContain("MILLRACE_TEST_DATABASE_URL=postgres://");
  });
});

describe("a program run in our place", () => {
  it("passes its exit code on", () => {
    expect(spawnSync(process.execPath, [wrapper("process.exit(7)")]).status).toBe(7);
  });

  it("resolves workspaces to their sources", () => {
    const { stdout } = spawnSync(process.execPath, [wrapper("console.log(process.env.NODE_OPTIONS)")], {
      encoding: "utf8",
      env: { ...process.env, NODE_OPTIONS: "--no-deprecation" },
    });
    expect(stdout.trim()).toBe("--no-deprecation --conditions=source");
  });

  it("gives the shell's code for a death by signal", () => {
    expect(spawnSync(process.execPath, [wrapper("process.kill(process.pid, 'SIGKILL')")]).status).toBe(137);
  });

  it("is told to stop when we are", async () => {
    const program =
      "process.on('SIGTERM', () => { console.log('stopped'); process.exit(9); }); console.log('up'); setInterval(() => {}, 1000);";
    const child = spawn(process.execPath, [wrapper(program)], { stdio: ["ignore", "pipe", "inherit"] });
    let said = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      if (said === "up\n") child.kill("SIGTERM");
    });
    const [code] = (await once(child, "close")) as [number];
    expect(said).toBe("up\nstopped\n");
    expect(code).toBe(9);
  });
});
