import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ChatEvent } from "../types.ts";
import { type ClockOptions, withClocks } from "./with-clocks.ts";

const patient = { totalMs: 60_000, firstTokenMs: 60_000, gapMs: 60_000 };

function options(more: Partial<ClockOptions> = {}): ClockOptions {
  return { clocks: patient, isStream: true, name: "one/model", signal: new AbortController().signal, ...more };
}

/** Says so many words, then what is asked of it, and tells how it was left. */
function speaker(words: number, then: "end" | "fail" | "silence") {
  const seen: { stopped: boolean; left: boolean } = { stopped: false, left: false };
  async function* start(signal: AbortSignal): AsyncGenerator<ChatEvent> {
    signal.addEventListener("abort", () => (seen.stopped = true));
    try {
      for (let word = 0; word < words; word += 1) yield { type: "text", part: 0, text: `${word}` };
      if (then === "fail") throw new Error("broke");
      if (then === "silence") await new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(new Error("stopped"))));
    } finally {
      seen.left = true;
    }
  }
  return { start, seen };
}

async function hear(events: AsyncIterable<ChatEvent>, most = Number.POSITIVE_INFINITY): Promise<string[]> {
  const heard: string[] = [];
  for await (const event of events) {
    if (event.type === "text") heard.push(event.text);
    if (heard.length >= most) break;
  }
  return heard;
}

describe("a model under clocks", () => {
  test("is heard word for word, to its end or to where its listener left, and is always stopped", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 20 }), fc.integer({ min: 1, max: 25 }), async (words, most) => {
        const { start, seen } = speaker(words, "end");
        expect(await hear(withClocks(start, options()), most)).toEqual(
          Array.from({ length: Math.min(words, most) }, (_, word) => `${word}`),
        );
        await expect.poll(() => seen).toEqual({ stopped: true, left: true });
      }),
    );
  });

  test("that fails is heard failing", async () => {
    await expect(hear(withClocks(speaker(2, "fail").start, options()))).rejects.toThrow("broke");
  });

  test.each([
    ["firstToken", 0, true],
    ["gap", 2, true],
    ["total", 2, false],
  ] as const)("that is silent is stopped by the clock %s", async (clock, words, isStream) => {
    const { start, seen } = speaker(words, "silence");
    const clocks = { ...patient, [`${clock}Ms`]: 20 };
    await expect(hear(withClocks(start, options({ clocks, isStream })))).rejects.toMatchObject({
      code: "deadline_exceeded",
      details: { clock, ms: 20, target: "one/model" },
    });
    await expect.poll(() => seen).toEqual({ stopped: true, left: true });
  });

  test("is stopped with whoever asked, for his reason, before it began and after", async () => {
    const reason = new Error("gone");
    await expect(hear(withClocks(speaker(0, "silence").start, options({ signal: AbortSignal.abort(reason) })))).rejects.toBe(reason);
    const gone = new AbortController();
    const { start, seen } = speaker(1, "silence");
    const heard = hear(withClocks(start, options({ signal: gone.signal })));
    gone.abort(reason);
    await expect(heard).rejects.toBe(reason);
    await expect.poll(() => seen.left).toBe(true);
  });
});
