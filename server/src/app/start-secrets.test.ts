import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startApp } from "./create-app.ts";
import { loadConfig } from "./load-config.ts";

// Beside the sources, so that "millrace" resolves as it does for a user's file.
const here = fileURLToPath(new URL(".", import.meta.url));
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(here, ".config-test-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function writeConfig(settings: string): Promise<string> {
  const path = join(folder, "millrace.config.ts");
  await writeFile(
    path,
    `import { defineConfig, defineFunction, secret } from "millrace";
import { z } from "zod";
const greet = defineFunction({ name: "greet", owner: "team", purpose: { objective: "o", decision: "d", errors: [] }, boundary: "may greet",
  input: z.object({ name: z.string() }), output: z.object({ label: z.string() }), latencyBudgetMs: 20,
  variants: { rules: () => ({ label: "hello" }) }, fallback: ["rules"] });
export default defineConfig({ functions: [greet], ${settings} });`,
  );
  return path;
}

const webhook = `governance: { audit: { sinks: [{ kind: "webhook", url: "https://audit.example.com/", bearer: secret("MILLRACE_TEST_HOOK") }] } }`;

describe("a start", () => {
  test("without a secret the configuration names is refused before anything is opened", async () => {
    delete process.env["MILLRACE_TEST_HOOK"];
    const configPath = await writeConfig(webhook);
    const dataFolder = join(folder, "data");
    await expect(startApp({ role: "up", dataFolder, configPath, logLevel: "silent" })).rejects.toMatchObject({
      code: "secret_missing",
      message: expect.stringContaining("MILLRACE_TEST_HOOK (governance.audit.sinks[0].bearer)") as string,
    });
    expect(await readdir(folder)).toEqual(["millrace.config.ts"]);
  });
});

describe("what is kept of a configuration", () => {
  test("has secrets by name, and another name is another configuration", async () => {
    process.env["MILLRACE_TEST_HOOK"] = "hunter2";
    const first = await loadConfig(await writeConfig(webhook), folder);
    expect(JSON.stringify(first.document)).toContain('"bearer":{"secret":"MILLRACE_TEST_HOOK"}');
    expect(JSON.stringify(first)).not.toContain("hunter2");
    process.env["MILLRACE_TEST_HOOK"] = "hunter3";
    expect((await loadConfig(await writeConfig(webhook), folder)).hash).toBe(first.hash);
  });

  test("says with its path which host egress cannot take", async () => {
    const path = await writeConfig(`egress: { hosts: [{ host: "api.example.com" }, { host: "10.0.0.1" }] }`);
    await expect(loadConfig(path, folder)).rejects.toMatchObject({
      code: "config_invalid",
      message: expect.stringContaining("egress.hosts[1].host: 10.0.0.1 is a private address") as string,
    });
  });
});
