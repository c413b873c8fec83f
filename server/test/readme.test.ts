import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createClient } from "@millrace/sdk";
import { type App, startApp } from "../src/app/index.ts";

const root = new URL("../../", import.meta.url);
let folder: string;
let app: App;

beforeAll(async () => {
  const readme = await readFile(new URL("README.md", root), "utf8");
  const config = /```ts\n([\s\S]*?)```/.exec(readme)![1]!;
  // Beside the sources, so that "millrace" resolves as it does for a user's file.
  folder = await mkdtemp(join(fileURLToPath(new URL("server/", root)), ".readme-test-"));
  await writeFile(join(folder, "millrace.config.ts"), config);
  app = await startApp({
    role: "up",
    dataFolder: join(folder, "data"),
    configPath: join(folder, "millrace.config.ts"),
    port: 0,
    logLevel: "silent",
  });
});
afterAll(async () => {
  await app.close();
  await rm(folder, { recursive: true, force: true });
  await rm(`${folder}.audit-key`, { force: true });
});

describe("the README's first function", () => {
  test("is at most 20 lines of a function's own, starts, and answers as the README says", async () => {
    const key = (await readFile(join(folder, "data", "admin.key"), "utf8")).trim();
    const client = createClient({ url: app.url, key });
    const readme = await readFile(new URL("README.md", root), "utf8");
    const input = JSON.parse(/millrace infer triage-ticket '(.*)'/.exec(readme)![1]!) as unknown;
    const answer = await client.call("functions.infer", { parameters: { name: "triage-ticket" }, body: { input } });
    expect(answer).toMatchObject({ output: { label: "billing" }, variant: "rules", fallback: false });
    const config = /```ts\n([\s\S]*?)```/.exec(readme)![1]!;
    expect(config.trimEnd().split("\n").length).toBeLessThanOrEqual(21);
  });

  test("every page the README links to exists", async () => {
    const readme = await readFile(new URL("README.md", root), "utf8");
    const links = [...readme.matchAll(/\]\((docs\/[^)]+)\)/g)].map((match) => match[1]!);
    expect(links.length).toBeGreaterThan(10);
    for (const link of links) await expect(readFile(new URL(link, root))).resolves.toBeInstanceOf(Buffer);
  });
});
