// What must be true before a script runs: dependencies as the lock says, the console built from the sources there are.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { capture, installedNodePath, nodePath, root } from "./processes.mjs";

const installedMarker = join(root, "node_modules", ".millrace-lock");
const publicFolder = join(root, "server", "public");
const consoleMarker = join(publicFolder, ".sources");
const tellEveryMs = 10_000;

/** Runs `npm ci` unless the installed packages are those of the lock. */
export async function installIfChanged() {
  const wanted = sha256(readFileSync(join(root, "package-lock.json")), process.platform, process.arch);
  const isInstalled = () => readIfThere(installedMarker) === wanted || adoptInstall(wanted);
  if (isInstalled()) return;
  await withLock("install", async () => {
    if (isInstalled()) return;
    await install();
    markInstalled(wanted);
  });
}

/** Builds the console into the server's public folder unless it was built from these sources already. */
export async function buildConsoleIfChanged() {
  if (!existsSync(join(root, "console", "index.html"))) return;
  const wanted = consoleHash();
  if (readIfThere(consoleMarker) === wanted) return;
  await withLock("console", async () => {
    if (readIfThere(consoleMarker) === wanted) return;
    say("Building the console ...");
    const built = join(root, ".cache", "console");
    const vite = join(root, "node_modules", "vite", "bin", "vite.js");
    const { code, output } = await capture(nodePath(), [vite, "build", "console", "--outDir", built, "--emptyOutDir"]);
    if (code !== 0) throw new Error(`The console could not be built:\n${output}`);
    writeFileSync(join(built, ".sources"), wanted);
    // Built aside and moved, so a running server never serves half a console.
    rmSync(publicFolder, { recursive: true, force: true });
    renameSync(built, publicFolder);
  });
}

/** An install made by hand counts when it holds what the lock asks for: `npm ci` would only take a minute to agree. */
function adoptInstall(wanted) {
  const hidden = readIfThere(join(root, "node_modules", ".package-lock.json"));
  if (hidden === undefined) return false;
  const locked = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  const installed = JSON.parse(hidden).packages;
  const agrees = Object.entries(locked).every(([path, entry]) => {
    if (!path.includes("node_modules/") || entry.link) return true;
    const found = installed[path];
    return found === undefined ? entry.optional === true : found.version === entry.version && found.integrity === entry.integrity;
  });
  // The pinned Node is optional in the lock but not to us: a machine that can have it must have it.
  const node = installedNodePath();
  if (!agrees || (node !== undefined && !existsSync(node))) return false;
  markInstalled(wanted);
  return true;
}

function markInstalled(wanted) {
  const node = installedNodePath();
  const bin = join(root, "node_modules", ".bin");
  // npm 10 drops this link again together with the other platforms' packages, which offer the same name.
  if (node !== undefined && existsSync(node) && !existsSync(join(bin, "node"))) {
    rmSync(join(bin, "node"), { force: true });
    symlinkSync(relative(bin, node), join(bin, "node"));
  }
  writeFileSync(installedMarker, wanted);
}

function install() {
  say("Installing dependencies (npm ci; about 1 GB, once) ...");
  // npm's own entry file where npm told us: `npm` alone may be another one, and on Windows is not a program.
  const npm = process.env.npm_execpath;
  const [command, first] = npm?.endsWith(".js") ? [process.execPath, [npm]] : ["npm", []];
  const started = Date.now();
  const seconds = () => Math.round((Date.now() - started) / 1000);
  const ticking = setInterval(() => say(`  still installing, ${seconds()} s`), tellEveryMs);
  return new Promise((resolve, reject) => {
    // Everything goes to stderr: the last line of stdout may be somebody's JSON.
    const child = spawn(command, [...first, "ci"], {
      cwd: root,
      stdio: ["ignore", 2, 2],
      shell: process.platform === "win32" && first.length === 0,
    });
    child.on("error", reject);
    child.on("close", (code) => (code === 0 ? resolve() : reject(new Error(`npm ci failed with code ${code}; its own words are above.`))));
  }).then(
    () => {
      clearInterval(ticking);
      say(`Installed in ${seconds()} s.`);
    },
    (error) => {
      clearInterval(ticking);
      throw error;
    },
  );
}

/** One process at a time: a folder is the lock, the process id inside tells whether its owner still lives. */
async function withLock(name, work) {
  const lock = join(root, ".cache", `${name}.lock`);
  mkdirSync(join(root, ".cache"), { recursive: true });
  for (let told = false; !tryLock(lock);) {
    const owner = Number(readIfThere(join(lock, "pid")) ?? 0);
    if (owner > 0 && !isAlive(owner)) {
      rmSync(lock, { recursive: true, force: true });
      continue;
    }
    if (!told) say(`Waiting for another process (${owner}) to finish its ${name} ...`);
    told = true;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  try {
    return await work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

function tryLock(lock) {
  try {
    mkdirSync(lock);
    writeFileSync(join(lock, "pid"), String(process.pid));
    return true;
  } catch (error) {
    if (error.code === "EEXIST" || error.code === "ENOENT") return false;
    throw error;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

function consoleHash() {
  const files = ["console", "contract/src", "sdk/src"].flatMap((folder) => filesUnder(join(root, folder))).sort((a, b) => (a < b ? -1 : 1));
  return sha256(readFileSync(join(root, "package-lock.json")), ...files.flatMap((file) => [file.slice(root.length), readFileSync(file)]));
}

function filesUnder(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name === "node_modules" || entry.name === "dist" || /\.test\.tsx?$/.test(entry.name)) return [];
    return entry.isDirectory() ? filesUnder(join(folder, entry.name)) : [join(folder, entry.name)];
  });
}

function sha256(...parts) {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part).update("\0");
  return hash.digest("hex");
}

function readIfThere(file) {
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}

function say(line) {
  process.stderr.write(`${line}\n`);
}
