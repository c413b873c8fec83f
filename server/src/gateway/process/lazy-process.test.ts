import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type LazyProcess, createLazyProcess } from "./create-lazy-process.ts";

/** Says the question again; `die` ends the process, `fail` is refused with a code, `hang` is never answered. */
const source = `
  process.once("disconnect", () => process.exit(0));
  process.on("message", ({ question }) => {
    if (question === "die") { console.error("out of memory"); process.exit(3); }
    if (question === "hang") return;
    if (question === "fail") return process.send({ error: { code: "invalid_request", message: "no", details: { issues: [] } } });
    process.send({ answer: question });
  });
`;
let folder: string;
let echo: LazyProcess<string, string>;
let started: ChildProcess[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-process-"));
  writeFileSync(join(folder, "echo.cjs"), source);
});
afterEach(() => echo.close());
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function open(options: { maxWaiting?: number; idleMs?: number; graceMs?: number } = {}): LazyProcess<string, string> {
  started = [];
  echo = createLazyProcess<string, string>({
    name: "echo",
    maxWaiting: 10,
    idleMs: 60_000,
    start: () => {
      const child = fork(join(folder, "echo.cjs"), [], { stdio: ["ignore", "ignore", "pipe", "ipc"], execArgv: [], env: {} });
      started.push(child);
      return child;
    },
    ...options,
  });
  return echo;
}

async function ended(child: ChildProcess): Promise<void> {
  while (child.exitCode === null && child.signalCode === null) await new Promise((resolve) => setTimeout(resolve, 5));
}

test("starts with the first question and answers in order", async () => {
  const { ask } = open();
  expect(started).toHaveLength(0);
  expect(await Promise.all(["a", "b", "c"].map((question) => ask(question)))).toEqual(["a", "b", "c"]);
  await expect(ask("fail")).rejects.toMatchObject({ code: "invalid_request", message: "no", details: { issues: [] } });
  expect(await ask("d")).toBe("d");
  expect(started).toHaveLength(1);
});

test("that dies refuses what it held with its last words, and what waited is answered by the next one", async () => {
  const { ask } = open();
  const [held, waiting] = [ask("die"), ask("a")];
  await expect(held).rejects.toMatchObject({
    code: "task_killed",
    message: expect.stringMatching(/echo died.*exit code 3: out of memory/) as string,
  });
  expect(await waiting).toBe("a");
  expect(started).toHaveLength(2);
});

test("that is killed while it rests starts again with the next question", async () => {
  const { ask } = open();
  await ask("a");
  started[0]!.kill("SIGKILL");
  await ended(started[0]!);
  expect(await ask("b")).toBe("b");
});

test("takes no more than may wait", async () => {
  const { ask } = open({ maxWaiting: 1 });
  const [held, waiting] = [ask("a"), ask("b")];
  await expect(ask("c")).rejects.toMatchObject({ code: "overloaded" });
  expect(await Promise.all([held, waiting])).toEqual(["a", "b"]);
});

test("lets go of who leaves; what nobody waits for and does not end is ended with its process", async () => {
  const { ask } = open({ graceMs: 20 });
  const gone = new AbortController();
  const held = expect(ask("hang", gone.signal)).rejects.toThrow("left");
  const waiting = expect(ask("die", gone.signal)).rejects.toThrow("left");
  const next = ask("a");
  gone.abort(new Error("left"));
  await Promise.all([held, waiting]);
  expect(await next).toBe("a");
  expect(started).toHaveLength(2);
});

test("that nobody asks for a while is ended", async () => {
  const { ask } = open({ idleMs: 1 });
  await ask("a");
  await ended(started[0]!);
  expect(started[0]!.signalCode).toBe("SIGKILL");
  expect(await ask("b")).toBe("b");
});

test("that is closed ends at once, refuses what waits and what comes", async () => {
  const { ask, close } = open();
  const held = expect(ask("hang")).rejects.toMatchObject({ code: "task_killed" });
  const waiting = expect(ask("b")).rejects.toMatchObject({ code: "overloaded" });
  close();
  await Promise.all([held, waiting]);
  await expect(ask("c")).rejects.toMatchObject({ code: "overloaded" });
});
