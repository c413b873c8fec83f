import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startApp } from "./create-app.ts";
import { checkConfig, loadConfig } from "./load-config.ts";

// Beside the sources, so that "millrace" resolves as it does for a user's file.
const here = fileURLToPath(new URL(".", import.meta.url));
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(here, ".config-test-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const head = `import { defineConfig, defineFunction } from "millrace";\nimport { z } from "zod";\n`;
const greet = (
  extra = "",
) => `defineFunction({ name: "greet", owner: "team", purpose: { objective: "o", decision: "d", errors: [] }, boundary: "may greet",
  input: z.object({ name: z.string() }), output: z.object({ label: z.string() }), latencyBudgetMs: 20,
  variants: { rules: (input) => ({ label: \`hello \${input.name}\` }) }, fallback: ["rules"]${extra} })`;

function write(name: string, text: string): Promise<void> {
  return writeFile(join(folder, name), text);
}

describe("a configuration file", () => {
  test("is loaded, completed with defaults and named by a hash that stays", async () => {
    await write("millrace.config.ts", `${head}export default defineConfig({ functions: [${greet()}] });`);
    const loaded = await loadConfig(undefined, folder);
    expect(loaded.config.functions.map((each) => each.name)).toEqual(["greet"]);
    expect(loaded.config.http.port).toBe(7070);
    expect(loaded.hash).toMatch(/^[0-9a-f]{64}$/);
    expect((await loadConfig("millrace.config.ts", folder)).hash).toBe(loaded.hash);
    expect(JSON.stringify(loaded.document)).not.toContain("hello");
  });

  test("has another hash when a file it imports changes, and none when an unrelated one does", async () => {
    await write("answer.ts", `export const answer = "a";\n`);
    await write(
      "one.config.ts",
      `import { answer } from "./answer.ts";\n${head}export default defineConfig({ functions: [${greet(", monitoring: { answer }")}] });`,
    );
    const first = await loadConfig("one.config.ts", folder);
    await write("unrelated.ts", "export const x = 1;\n");
    expect((await loadConfig("one.config.ts", folder)).sourceHash).toBe(first.sourceHash);
    await write("answer.ts", `export const answer = "b";\n`);
    expect((await loadConfig("one.config.ts", folder)).sourceHash).not.toBe(first.sourceHash);
  });

  test("with a TLS key is recorded without it, and another key is another configuration", async () => {
    const withKey = (key: string) =>
      write("tls.config.ts", `${head}export default defineConfig({ functions: [${greet()}], http: { tls: { cert: "C", key: ${key} } } });`);
    await write("key.txt", "private one");
    await withKey(`(await import("node:fs")).readFileSync(new URL("key.txt", import.meta.url), "utf8")`);
    const loaded = await loadConfig("tls.config.ts", folder);
    expect(loaded.config.http.tls).toEqual({ cert: "C", key: "private one" });
    expect(JSON.stringify(loaded.document)).not.toContain("private one");
    await write("key.txt", "private two");
    await write("other.config.ts", await readFile(join(folder, "tls.config.ts"), "utf8"));
    expect(JSON.stringify((await loadConfig("other.config.ts", folder)).document)).not.toBe(JSON.stringify(loaded.document));
  });

  test("that is not there is said with the place looked at", async () => {
    await expect(loadConfig(undefined, folder)).rejects.toMatchObject({
      code: "config_missing",
      message: expect.stringContaining("millrace.config.ts"),
    });
  });

  test("that cannot be read as code is said with its name and the reason", async () => {
    await write("broken.config.ts", "export default {");
    await expect(loadConfig("broken.config.ts", folder)).rejects.toMatchObject({
      code: "config_invalid",
      message: expect.stringContaining("broken.config.ts"),
    });
  });

  test("that imports a file which is not there names that file", async () => {
    await write("lonely.config.ts", `import { owner } from "./owner.ts";\nexport default owner;`);
    await expect(loadConfig("lonely.config.ts", folder)).rejects.toMatchObject({
      code: "config_invalid",
      message: expect.stringMatching(/lonely\.config\.ts cannot be loaded.*owner\.ts/),
    });
  });

  test("with a function that is wrong names the function and the path in it", async () => {
    await write("wrong.config.ts", `${head}export default defineConfig({ functions: [${greet(`, maxBodyBytes: -1`)}] });`);
    await expect(loadConfig("wrong.config.ts", folder)).rejects.toMatchObject({
      code: "config_invalid",
      message: expect.stringMatching(/wrong\.config\.ts.*greet.*maxBodyBytes/),
    });
  });
});

describe("checking", () => {
  test("names every wrong path in the file", () => {
    const wrong = { functions: [], http: { port: 700_000 }, surprise: 1 };
    expect(() => checkConfig(wrong, "f.ts")).toThrow(/http\.port.*surprise.*functions: declare at least one function, or a provider/s);
  });

  test("takes a file with a provider of foundation models and no function", () => {
    const gateway = { providers: { one: { dialect: "openai" as const, baseUrl: "https://api.example.com/v1" } } };
    expect(checkConfig({ gateway }, "f.ts").functions).toEqual([]);
  });

  test("refuses a file without a default export, and a plain object for a function", () => {
    expect(() => checkConfig(undefined, "f.ts")).toThrow(/default export/);
    expect(() => checkConfig({ functions: [{ name: "x" }] }, "f.ts")).toThrow(/functions\[0\]: use defineFunction/);
  });
});

/** A configuration file with these settings; answers its path. */
async function writeSettings(settings: string): Promise<string> {
  await write(
    "millrace.config.ts",
    `${head.replace("defineFunction", "defineFunction, secret")}export default defineConfig({ functions: [${greet()}], ${settings} });`,
  );
  return join(folder, "millrace.config.ts");
}

const webhook = `governance: { audit: { sinks: [{ kind: "webhook", url: "https://audit.example.com/", bearer: secret("MILLRACE_TEST_HOOK") }] } }`;

describe("a start", () => {
  test("without a secret the configuration names is refused before anything is opened", async () => {
    delete process.env["MILLRACE_TEST_HOOK"];
    const configPath = await writeSettings(webhook);
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
    const first = await loadConfig(await writeSettings(webhook), folder);
    expect(JSON.stringify(first.document)).toContain('"bearer":{"secret":"MILLRACE_TEST_HOOK"}');
    expect(JSON.stringify(first)).not.toContain("hunter2");
    process.env["MILLRACE_TEST_HOOK"] = "hunter3";
    expect((await loadConfig(await writeSettings(webhook), folder)).hash).toBe(first.hash);
  });

  test("says with its path which host egress cannot take", async () => {
    const path = await writeSettings(`egress: { hosts: [{ host: "api.example.com" }, { host: "10.0.0.1" }] }`);
    await expect(loadConfig(path, folder)).rejects.toMatchObject({
      code: "config_invalid",
      message: expect.stringContaining("egress.hosts[1].host: 10.0.0.1 is a private address") as string,
    });
  });
});
