import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { promisify } from "node:util";

/** What a run ran on: program, Node, platform, and the packages whose version changes a model or its answers. */
export function describeEnvironment(version: string): Record<string, string> {
  return {
    millrace: version,
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    "onnxruntime-node": packageVersion("onnxruntime-node"),
    duckdb: packageVersion("@duckdb/node-api"),
  };
}

function packageVersion(name: string): string {
  try {
    return (createRequire(import.meta.url)(`${name}/package.json`) as { version: string }).version;
  } catch {
    return "not installed";
  }
}

/** The commit checked out where the program runs, with `+` when files differ from it; null outside a repository or without git. */
export async function readGitCommit(folder: string): Promise<string | null> {
  const git = async (...parameters: string[]) =>
    (await promisify(execFile)("git", ["-C", folder, ...parameters], { timeout: 5000 })).stdout.trim();
  try {
    const commit = await git("rev-parse", "HEAD");
    return (await git("status", "--porcelain", "--untracked-files=no")) === "" ? commit : `${commit}+`;
  } catch {
    return null;
  }
}
