import { Worker } from "node:worker_threads";
import { afterEach, expect, test } from "vitest";
import { type LazyThread, createLazyThread } from "./create-lazy-thread.ts";

let thread: LazyThread<string, string>;
let started = 0;

/** Says the question again; `die` ends the thread, `fail` is refused with a code. */
const source = `
  const { parentPort } = require("node:worker_threads");
  parentPort.on("message", ({ kind, question }) => {
    if (kind === "close") return parentPort.close();
    if (question === "die") process.exit(3);
    if (question === "fail") return parentPort.postMessage({ error: { code: "invalid_request", message: "no", details: { issues: [] } } });
    parentPort.postMessage({ answer: question });
  });
`;

function open(maxWaiting = 10): LazyThread<string, string> {
  started = 0;
  thread = createLazyThread<string, string>({
    start: () => {
      started += 1;
      return new Worker(source, { eval: true });
    },
    maxWaiting,
  });
  return thread;
}
afterEach(() => thread.close());

test("starts with the first question and answers in order", async () => {
  const { ask } = open();
  expect(started).toBe(0);
  expect(await Promise.all(["a", "b", "c"].map((question) => ask(question)))).toEqual(["a", "b", "c"]);
  expect(started).toBe(1);
});

test("hands on what the thread refuses, with its code", async () => {
  const { ask } = open();
  await expect(ask("fail")).rejects.toMatchObject({ code: "invalid_request", message: "no", details: { issues: [] } });
  expect(await ask("a")).toBe("a");
});

test("that dies refuses what it held, and what waited is answered by the next one", async () => {
  const { ask } = open();
  const [held, waiting] = [ask("die"), ask("a")];
  await expect(held).rejects.toMatchObject({ code: "thread_died" });
  expect(await waiting).toBe("a");
  expect(started).toBe(2);
});

test("takes no more than may wait", async () => {
  const { ask } = open(1);
  const [held, waiting] = [ask("a"), ask("b")];
  await expect(ask("c")).rejects.toMatchObject({ code: "overloaded" });
  expect(await Promise.all([held, waiting])).toEqual(["a", "b"]);
});

test("lets go of who leaves: what waits is not asked, what is under way is not waited for", async () => {
  const { ask } = open();
  const gone = new AbortController();
  const [held, waiting] = [ask("a"), ask("die", gone.signal)];
  gone.abort(new Error("left"));
  await expect(waiting).rejects.toThrow("left");
  expect(await held).toBe("a");
  expect(await ask("b")).toBe("b");
  expect(started).toBe(1);
});

test("that is closed refuses what waits and what comes", async () => {
  const { ask, close } = open();
  const [held, waiting] = [ask("a"), ask("b")];
  const refused = expect(waiting).rejects.toMatchObject({ code: "overloaded" });
  await Promise.all([close(), refused]);
  expect(await held).toBe("a");
  await expect(ask("c")).rejects.toMatchObject({ code: "overloaded" });
});
