import { describe, expect, it } from "vitest";
import type { TestModule } from "vitest/node";
import { closingLine, countTests, listSkipped } from "./test-reporter.ts";

type State = "passed" | "failed" | "skipped" | "pending";

/** A test file as Vitest reports it, reduced to what the reporter reads. */
function testFile(states: readonly State[], own: { state?: string; note?: string; group?: string } = {}): TestModule {
  const parent = own.group === undefined ? { type: "module" } : { type: "suite", fullName: own.group };
  const tests = states.map((state) => ({ parent, result: () => ({ state, note: own.note }) }));
  const children = { allTests: (only?: State) => tests.filter((test) => only === undefined || test.result().state === only) };
  return { relativeModuleId: "server/src/x.test.ts", state: () => own.state ?? "passed", children } as unknown as TestModule;
}

describe("the count of tests", () => {
  it("adds up over files", () => {
    const counts = countTests([testFile(["passed", "failed", "skipped"], { state: "failed" }), testFile(["passed"])], 0);
    expect(closingLine(counts)).toBe("2 passed, 1 failed, 1 skipped");
  });

  it("counts a file that could not be loaded as one failure", () => {
    expect(countTests([testFile([], { state: "failed" })], 0).failed).toBe(1);
  });

  it("counts an error outside any test", () => {
    expect(countTests([testFile(["passed"])], 2).failed).toBe(2);
  });

  it("counts a test that never came to an end as failed", () => {
    expect(countTests([testFile(["pending"])], 0)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });
});

describe("the list of skipped tests", () => {
  it("gives one line for each reason in a file", () => {
    const lines = listSkipped([testFile(["skipped", "skipped", "passed"], { note: "needs the sample data" })]);
    expect(lines).toEqual(["  skipped  server/src/x.test.ts (needs the sample data): 2 tests"]);
  });

  it("gives one line for each group that gave no reason", () => {
    const lines = listSkipped([testFile(["skipped", "skipped"], { group: "needs a disk" }), testFile(["skipped"])]);
    expect(lines).toEqual(["  skipped  server/src/x.test.ts > needs a disk: 2 tests", "  skipped  server/src/x.test.ts: 1 test"]);
  });
});
