// Packs the published packages, installs them as a stranger would, starts the program, asks it once, looks at its first page, stops it.
// Needs `npm run build` before. Every step has a bound; whatever was started is stopped.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { capture, nodePath, root } from "./processes.mjs";

const published = ["contract", "sdk", "server"];
const readyWithinMs = 90_000;
const stoppedWithinMs = 20_000;

const config = `import { defineConfig, defineFunction } from "millrace";
import { z } from "zod";

const greet = defineFunction({
  name: "greet",
  owner: "pack-check",
  purpose: { objective: "Answer a name.", decision: "None.", errors: [] },
  boundary: "may answer, may not act",
  input: z.object({ name: z.string() }),
  output: z.object({ text: z.string() }),
  latencyBudgetMs: 50,
  variants: { rules: (input) => ({ text: \`Hello, \${input.name}.\` }) },
  fallback: ["rules"],
});

export default defineConfig({ functions: [greet] });
`;
const throughSdk = `import { createClient } from "@millrace/sdk";
const client = createClient({ url: process.argv[2], key: process.argv[3] });
const { items } = await client.call("functions.list", {});
console.log(items.map((each) => each.name).join());
`;

// The registry's packages, not our sources: no \`source\` condition, and the Node our own code runs on first in the path.
const environment = { ...process.env, NODE_OPTIONS: "", PATH: `${dirname(nodePath())}${delimiter}${process.env.PATH}` };
const folder = mkdtempSync(join(tmpdir(), "millrace-pack-"));
let server;
try {
  await main();
  console.log("The packed packages work.");
} catch (error) {
  console.error(`pack check failed: ${error.message}`);
  process.exitCode = 1;
} finally {
  if (server !== undefined) kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

async function main() {
  const tarballs = [];
  for (const name of published) {
    const packed = JSON.parse(await must("npm", ["pack", "--json", "--loglevel=silent", "--pack-destination", folder], join(root, name)));
    // npm 10 and 11 answer with an array, later ones with an object.
    const [{ filename, size, entryCount }] = Object.values(packed);
    console.log(`packed ${filename}: ${entryCount} files, ${Math.round(size / 1024)} KiB`);
    tarballs.push(`./${filename}`);
  }
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "stranger", private: true, type: "module" }));
  writeFileSync(join(folder, "millrace.config.ts"), config);
  writeFileSync(join(folder, "through-sdk.mjs"), throughSdk);
  await must("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", ...tarballs, `zod@${zodVersion()}`]);
  console.log("installed into an empty folder");

  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  await must(process.execPath, [
    tsc,
    "--noEmit",
    "--strict",
    "--module",
    "nodenext",
    "--target",
    "es2024",
    "--skipLibCheck",
    "--types",
    "",
    "--ignoreConfig",
    "millrace.config.ts",
  ]);
  console.log("the config file is typed");

  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const said = start(["up", "--data", "data", "--port", String(port)]);
  await until(async () => (await fetch(`${url}/health/ready`)).ok, said);
  const key = readFileSync(join(folder, "data", "admin.key"), "utf8").trim();

  const answer = await fetch(`${url}/api/functions/greet/infer`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ input: { name: "stranger" } }),
  });
  const body = await answer.text();
  expect(answer.status === 200 && body.includes("Hello, stranger."), `the inference answered ${answer.status}: ${body}`);
  console.log("answered an inference");

  const listed = await must(nodePath(), ["through-sdk.mjs", url, key]);
  expect(listed.trim() === "greet", `the SDK listed "${listed.trim()}"`);
  console.log("the SDK talks to it");

  const page = await fetch(`${url}/`);
  const html = await page.text();
  const script = /<script[^>]*src="([^"]+)"/.exec(html)?.[1];
  expect(page.status === 200 && script !== undefined, `the console's first page answered ${page.status}: ${html.slice(0, 200)}`);
  const asset = await fetch(new URL(script, url));
  expect(asset.ok && /javascript/.test(asset.headers.get("content-type") ?? ""), `the console's script answered ${asset.status}`);
  console.log("the console's first page loads");

  const ended = new Promise((resolve) => server.once("close", (code, signal) => resolve(signal ?? code)));
  kill("SIGTERM");
  const end = await within(ended, stoppedWithinMs, "the server did not stop on SIGTERM");
  server = undefined;
  expect(end === 0 || end === "SIGTERM" || end === 143, `the server ended with ${end}\n${said.text}`);
  console.log("stopped on SIGTERM");
}

/** Starts the package's program in a process group of its own; what it says is kept for a failure. */
function start(programArguments) {
  const said = { text: "" };
  server = spawn("npx", ["--no-install", "millrace", ...programArguments], {
    cwd: folder,
    env: environment,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  for (const stream of [server.stdout, server.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => {
      said.text = (said.text + text).slice(-8000);
    });
  }
  return said;
}

function kill(signal) {
  try {
    process.kill(-server.pid, signal);
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
}

async function must(command, commandArguments, cwd = folder) {
  const { code, output } = await capture(command, commandArguments, { cwd, env: environment });
  expect(code === 0, `${command} ${commandArguments.join(" ")} ended with ${code}\n${output}`);
  return output;
}

async function until(isTrue, said) {
  const deadline = Date.now() + readyWithinMs;
  for (;;) {
    if (await isTrue().catch(() => false)) return;
    expect(server.exitCode === null, `the server ended with ${server.exitCode}\n${said.text}`);
    expect(Date.now() < deadline, `the server was not ready after ${readyWithinMs} ms\n${said.text}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function within(promise, milliseconds, problem) {
  let timer;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(problem)), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function freePort() {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

function zodVersion() {
  return JSON.parse(readFileSync(join(root, "server", "package.json"), "utf8")).dependencies.zod;
}

function expect(isTrue, problem) {
  if (!isTrue) throw new Error(problem);
}
