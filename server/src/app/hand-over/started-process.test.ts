import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, inject, onTestFinished, test } from "vitest";
import { copyTemplate } from "../../../test/copy-template.ts";
import { temporaryFolder } from "../../../test/temporary-folder.ts";
import { type StartedProcess, startProcess } from "./started-process.ts";

const configPath = fileURLToPath(new URL("../../../../e2e/configs/rules.config.ts", import.meta.url));

/** A process that has checked its configuration, and opened nothing. */
async function start(options?: { openWithinMs: number }): Promise<StartedProcess> {
  const dataFolder = join(await temporaryFolder(), "data");
  copyTemplate(inject("templateFolder"), join(dataFolder, "database"));
  const started = startProcess(undefined, options);
  onTestFinished(async () => {
    started.kill();
    await started.ended;
  });
  await started.check({ options: { role: "up", dataFolder, configPath, port: 0 }, listening: null });
  return started;
}

test("a process that hangs while it opens is gone once its time is over: it may have the store", async () => {
  const started = await start({ openWithinMs: 50 });
  process.kill(started.pid, "SIGSTOP");
  await expect(started.open({ overlaps: false, readyWithinMs: 0 })).rejects.toThrow("It took longer than 50 ms to open.");
  expect(() => process.kill(started.pid, 0)).toThrow("ESRCH");
  expect(await started.ended).toBe(137);
});

test("a process that comes back to an address that is taken meanwhile says so", async () => {
  const started = await start();
  await started.open({ overlaps: false, readyWithinMs: 0 });
  const { port } = new URL(started.url);
  await started.stepAside();
  const taken = createServer();
  await new Promise<void>((resolve) => {
    taken.listen(Number(port), "127.0.0.1", resolve);
  });
  onTestFinished(() => void taken.close());
  await expect(started.comeBack(() => Promise.resolve(undefined))).rejects.toMatchObject({ code: "port_in_use" });
});
