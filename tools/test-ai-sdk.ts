import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { testModelsFolder } from "./test-models.ts";

/** Packages of the AI SDK that the tests run with. None is a dependency of ours: who wants a provider installs its package. */
export const aiSdkPackages = {
  "@ai-sdk/google": "4.0.121",
  "@ai-sdk/cohere": "4.0.52",
  "@ai-sdk/amazon-bedrock": "5.0.101",
} as const;

/** The folder from which they can be loaded, if all were installed. */
export function testAiSdkFolder(folder = testModelsFolder()): string | undefined {
  const place = aiSdkFolder(folder);
  return Object.keys(aiSdkPackages).every((name) => existsSync(join(place, "node_modules", name, "package.json"))) ? place : undefined;
}

/** Installs them beside the test models; says why where it cannot. */
export async function installTestAiSdk(folder = testModelsFolder()): Promise<{ readonly path: string } | { readonly reason: string }> {
  const path = aiSdkFolder(folder);
  if (testAiSdkFolder(folder) !== undefined) return { path };
  await mkdir(path, { recursive: true });
  await writeFile(join(path, "package.json"), '{ "private": true }\n');
  const packages = Object.entries(aiSdkPackages).map(([name, version]) => `${name}@${version}`);
  try {
    const npm = process.platform === "win32" ? "npm.cmd" : "npm";
    await promisify(execFile)(npm, ["install", "--ignore-scripts", "--no-audit", "--no-fund", ...packages], {
      cwd: path,
      timeout: 300_000,
    });
  } catch (error) {
    return { reason: (error as Error).message.split("\n")[0] ?? "npm failed" };
  }
  return { path };
}

/** Of these versions: others lie in a folder of their own. */
function aiSdkFolder(folder: string): string {
  return join(folder, `ai-sdk-${Object.values(aiSdkPackages).join("-")}`);
}
