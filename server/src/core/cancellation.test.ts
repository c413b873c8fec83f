import { describe, expect, it } from "vitest";
import { Ending, toAbortSignal } from "./cancellation.ts";
import { Deadline } from "./deadline.ts";

describe("an ending", () => {
  it("tells each listener once, with the first reason, and none that left or came late", () => {
    const ending = new Ending();
    const heard: string[] = [];
    const left = () => heard.push("left");
    ending.addEventListener("abort", () => heard.push(`first ${String(ending.reason)}`));
    ending.addEventListener("abort", left);
    ending.addEventListener("abort", () => heard.push("second"));
    ending.removeEventListener("abort", left);
    expect(ending.aborted).toBe(false);
    ending.abort("gone");
    ending.abort("again");
    ending.addEventListener("abort", () => heard.push("late"));
    expect(heard).toEqual(["first gone", "second"]);
    expect(ending).toMatchObject({ aborted: true, reason: "gone" });
  });
});

describe("a real signal of it", () => {
  it("is one and the same for each, and follows it", () => {
    const ending = new Ending();
    const signal = toAbortSignal(ending);
    expect(signal).toBeInstanceOf(AbortSignal);
    expect(toAbortSignal(ending)).toBe(signal);
    expect(signal.aborted).toBe(false);
    const reason = new Error("gone");
    ending.abort(reason);
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toBe(reason);
  });

  it("is over where the ending was, and is the signal itself where there is one", () => {
    const ending = new Ending();
    ending.abort("gone");
    expect(toAbortSignal(ending)).toMatchObject({ aborted: true, reason: "gone" });
    const { signal } = new AbortController();
    expect(toAbortSignal(signal)).toBe(signal);
  });

  it("of a deadline ends with it or with its caller", () => {
    const caller = new Ending();
    const deadline = new Deadline(Number.POSITIVE_INFINITY, caller);
    const { signal } = deadline;
    let heard = 0;
    const listener = () => (heard += 1);
    deadline.addEventListener("abort", listener);
    deadline.addEventListener("abort", listener);
    deadline.removeEventListener("abort", listener);
    caller.abort("gone");
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toMatchObject({ code: "deadline_exceeded" });
    expect(heard).toBe(1);
    expect(deadline.aborted).toBe(true);
  });
});
