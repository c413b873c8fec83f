import { describe, expect, test } from "vitest";
import { createProgress } from "./progress.ts";

function record(isTTY: boolean) {
  const written: string[] = [];
  let time = 0;
  const progress = createProgress({ write: (text) => written.push(text), isTTY, columns: 60 }, () => (time += 500));
  return { written, progress };
}

describe("progress", () => {
  test("in a pipe writes whole plain lines, at most one per tenth", () => {
    const { written, progress } = record(false);
    const stage = progress.stage("data");
    for (let done = 0; done <= 1000; done++) stage.update(done, 1000);
    stage.done("kept 10");
    expect(written).toHaveLength(11);
    expect(written.every((line) => line.endsWith("\n") && !/[\r\u001b]/.test(line))).toBe(true);
    expect(written[0]).toBe("data        started\n");
    expect(written[5]).toContain("50%  500 of 1,000");
    expect(written.at(-1)).toMatch(/^data +0\.5 s {2}kept 10\n$/);
  });

  test("on a terminal redraws one line and never wraps it", () => {
    const { written, progress } = record(true);
    const stage = progress.stage("inference");
    stage.update(1, 2, "x".repeat(500));
    const redraw = written.at(-1)!;
    expect(redraw.startsWith("\r\u001b[2K")).toBe(true);
    expect(redraw.length - "\r\u001b[2K".length).toBeLessThan(60);
    expect(redraw).toContain("████████████░░░░░░░░░░░░");
    stage.done("fine");
    expect(written.at(-2)).toBe("\r\u001b[2K");
    expect(written.at(-1)).toContain("fine");
  });

  test("shows a note alone when the total is unknown", () => {
    const { written, progress } = record(true);
    progress.stage("models").update(0, 0, "training");
    expect(written.at(-1)).toContain("training");
    expect(written.at(-1)).not.toContain("0 of 0");
  });
});
