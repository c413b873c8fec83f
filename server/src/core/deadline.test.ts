import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { Deadline } from "./deadline.ts";
import { AppError } from "./errors.ts";

function soon(): Deadline {
  return new Deadline(performance.now() + 10);
}

describe("a deadline", () => {
  test("ends a promise that ignores its signal", async () => {
    const deadline = soon();
    await expect(deadline.race(new Promise(() => {}))).rejects.toMatchObject({ code: "deadline_exceeded" });
    expect(deadline.passed()).toBe(true);
    deadline.end();
  });

  test("passes on what came in time, its failure too, and the caller who went away", async () => {
    const caller = new AbortController();
    const deadline = new Deadline(performance.now() + 60_000, caller.signal);
    expect(await deadline.race(Promise.resolve(1))).toBe(1);
    await expect(deadline.race(Promise.reject(new Error("no")))).rejects.toThrow("no");
    const cut = deadline.race(new Promise(() => {}));
    caller.abort();
    await expect(cut).rejects.toMatchObject({ code: "deadline_exceeded" });
    expect(deadline.passed()).toBe(true);
  });

  test("tells everyone who asked, once, and its signal with the reason", async () => {
    const deadline = soon();
    const told: string[] = [];
    deadline.onEnd(() => told.push("a"));
    deadline.onEnd(() => told.push("b"));
    const { signal } = deadline;
    expect(deadline.signal).toBe(signal);
    await expect(deadline.race(new Promise(() => {}))).rejects.toMatchObject({ code: "deadline_exceeded" });
    expect(told).toEqual(["a", "b"]);
    expect(signal.reason).toMatchObject({ code: "deadline_exceeded" });
  });

  test("that its caller ends passes on why, where he says it", async () => {
    const gone = new AbortController();
    const deadline = new Deadline(Number.POSITIVE_INFINITY, gone.signal);
    const { signal } = deadline;
    const raced = deadline.race(new Promise(() => {}));
    gone.abort(new AppError("client_gone"));
    await expect(raced).rejects.toMatchObject({ code: "client_gone" });
    expect(signal.reason).toBe(gone.signal.reason);
    const silent = new Deadline(Number.POSITIVE_INFINITY, AbortSignal.abort());
    expect(silent.signal.reason).toMatchObject({ code: "deadline_exceeded" });
  });

  test("tells at once who asks after the end, however it ended", () => {
    const told: string[] = [];
    const past = new Deadline(performance.now());
    past.onEnd(() => told.push("time"));
    new Deadline(Number.POSITIVE_INFINITY, AbortSignal.abort()).onEnd(() => told.push("caller"));
    expect(told).toEqual(["time", "caller"]);
    expect(past.signal.aborted).toBe(true);
  });

  test("tells nobody once the work is done", async () => {
    const caller = new AbortController();
    const deadline = new Deadline(performance.now() + 5, caller.signal);
    const told: string[] = [];
    deadline.onEnd(() => told.push("end"));
    deadline.end();
    caller.abort();
    await sleep(15);
    expect(told).toEqual([]);
  });

  test("without an end, or one further than a timer reaches, waits for its caller alone", async () => {
    for (const endsAt of [Number.POSITIVE_INFINITY, performance.now() + 2 ** 40]) {
      const caller = new AbortController();
      const deadline = new Deadline(endsAt, caller.signal);
      const result = deadline.race(sleep(5, "done"));
      expect(await result).toBe("done");
      expect(deadline.signal.aborted).toBe(false);
      caller.abort();
      expect(deadline.signal.aborted).toBe(true);
    }
  });
});
