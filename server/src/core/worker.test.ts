import { describe, expect, test } from "vitest";
import { runTask, workerUrl } from "./worker.ts";

const file = { name: "../../test/fixtures/sample-task", base: import.meta.url };

describe("a task process", () => {
  test("answers with what its work returned", async () => {
    expect(await runTask(file, { act: "echo", value: { text: "é\u0000 \u{1f600}", list: [1, null] } })).toEqual({
      text: "é\u0000 \u{1f600}",
      list: [1, null],
    });
  });

  test("reports progress before its result", async () => {
    const seen: unknown[] = [];
    expect(await runTask(file, { act: "progress" }, { onProgress: (each) => seen.push(each) })).toBe("done");
    expect(seen).toEqual([{ done: 1 }, { done: 2 }]);
  });

  test("passes an error of the table on with its code and details", async () => {
    await expect(runTask(file, { act: "refuse" })).rejects.toMatchObject({
      code: "training_failed",
      message: "one label only",
      details: { labels: 1 },
    });
  });

  test("turns any other error into task_failed with its message", async () => {
    await expect(runTask(file, { act: "fail" })).rejects.toMatchObject({ code: "task_failed", message: "it broke here" });
  });

  test("says how it ended when it ends without a result", async () => {
    await expect(runTask(file, { act: "exit" })).rejects.toMatchObject({ code: "task_failed", details: { exitCode: 3 } });
  });

  test("is killed past its deadline", async () => {
    await expect(runTask(file, { act: "hang" }, { timeoutMs: 400 })).rejects.toMatchObject({
      code: "task_killed",
      message: expect.stringContaining("400 ms"),
    });
  });

  test("is killed when cancelled, also before it began", async () => {
    const controller = new AbortController();
    const running = runTask(file, { act: "hang" }, { signal: controller.signal });
    setTimeout(() => controller.abort(), 200);
    await expect(running).rejects.toMatchObject({ code: "task_killed", message: expect.stringContaining("cancelled") });
    await expect(runTask(file, { act: "hang" }, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "task_killed" });
  });

  test("dies alone when it outgrows its memory bound", async () => {
    await expect(runTask(file, { act: "swell" }, { memoryMb: 64 })).rejects.toMatchObject({
      code: "task_killed",
      details: { signal: "SIGABRT" },
    });
  });

  test("is given no environment but PATH and NODE_OPTIONS", async () => {
    const names = (await runTask<string[]>(file, { act: "environment" })).filter((name) => !name.startsWith("NODE_CHANNEL"));
    expect(names).toEqual(["NODE_OPTIONS", "PATH"]);
  });
});

test("a worker's file has the ending of the file that starts it", () => {
  expect(workerUrl("./host", "file:///a/b.ts").href).toBe("file:///a/host.ts");
  expect(workerUrl("./host", "file:///a/b.js").href).toBe("file:///a/host.js");
});
