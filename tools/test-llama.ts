import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { testModelsFolder } from "./test-models.ts";

/** The version the tests run with. It is no dependency of ours: who wants local models installs it. */
export const llamaVersion = "3.22.1";

const binaries: Readonly<Record<string, string>> = {
  "linux-x64": "linux-x64",
  "linux-arm64": "linux-arm64",
  "darwin-x64": "mac-x64",
  "darwin-arm64": "mac-arm64-metal",
  "win32-x64": "win-x64",
  "win32-arm64": "win-arm64",
};

/** The folder from which `node-llama-cpp` can be loaded, if it was installed. */
export function testLlamaFolder(folder = testModelsFolder()): string | undefined {
  const place = llamaFolder(folder);
  return existsSync(join(place, "node_modules/node-llama-cpp/package.json")) ? place : undefined;
}

/** Installs it beside the test models; says why where it cannot. */
export async function installTestLlama(folder = testModelsFolder()): Promise<{ readonly path: string } | { readonly reason: string }> {
  const path = llamaFolder(folder);
  if (testLlamaFolder(folder) !== undefined) return { path };
  const binary = binaries[`${process.platform}-${process.arch}`];
  if (binary === undefined) return { reason: `there are no binaries for ${process.platform} on ${process.arch}` };
  await mkdir(path, { recursive: true });
  await writeFile(join(path, "package.json"), '{ "private": true }\n');
  // Of its optional packages only the one that runs here on the CPU: together they are 700 MB.
  const packages = [`node-llama-cpp@${llamaVersion}`, `@node-llama-cpp/${binary}@${llamaVersion}`];
  const options = ["--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund"];
  try {
    const npm = process.platform === "win32" ? "npm.cmd" : "npm";
    await promisify(execFile)(npm, ["install", ...options, ...packages], { cwd: path, timeout: 300_000 });
  } catch (error) {
    return { reason: (error as Error).message.split("\n")[0] ?? "npm failed" };
  }
  return { path };
}

function llamaFolder(folder: string): string {
  return join(folder, `llama-${llamaVersion}`);
}
