import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeEnvironment, readGitCommit } from "./describe-environment.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "millrace-git-"));
});
afterAll(() => rm(folder, { recursive: true }));

test("the environment names what changes a model or its answers", () => {
  expect(describeEnvironment("1.2.3")).toMatchObject({ millrace: "1.2.3", node: process.versions.node });
  expect(describeEnvironment("1.2.3")["onnxruntime-node"]).toMatch(/^\d+\.\d+\.\d+$|^not installed$/);
});

test("the commit is null outside a repository, and marked when files differ from it", async (context) => {
  expect(await readGitCommit(folder)).toBeNull();
  try {
    execFileSync("git", ["--version"]);
  } catch {
    context.skip("git is not installed");
  }
  const git = (...parameters: string[]) =>
    execFileSync("git", ["-C", folder, "-c", "user.name=a", "-c", "user.email=a@example.org", ...parameters]);
  await writeFile(join(folder, "a"), "1");
  git("init", "--quiet");
  git("add", "a");
  git("commit", "--quiet", "--message", "one");
  expect(await readGitCommit(folder)).toMatch(/^[0-9a-f]{40}$/);
  await writeFile(join(folder, "a"), "2");
  expect(await readGitCommit(folder)).toMatch(/^[0-9a-f]{40}\+$/);
});
