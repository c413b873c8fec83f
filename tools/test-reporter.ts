import { writeSync } from "node:fs";
import { type Reporter, type TestCase, type TestModule, DefaultReporter } from "vitest/node";

type RunEnd = Parameters<NonNullable<Reporter["onTestRunEnd"]>>;

/** What a run came to. A file that could not be loaded and an error outside any test each count as one failure. */
export interface TestCounts {
  passed: number;
  failed: number;
  skipped: number;
}

/**
 * Vitest's own report, then the skipped tests with their reason, then `N passed, N failed, N skipped` alone on the last line.
 * The exit code is not zero when anything failed, or when nothing passed.
 */
export default class TestReporter extends DefaultReporter {
  override onTestRunEnd(modules: RunEnd[0], errors: RunEnd[1], reason: RunEnd[2]): void {
    super.onTestRunEnd(modules, errors, reason);
    const counts = countTests(modules, errors.length);
    // Written at exit, so that nothing (a late warning, another reporter) can come after it.
    process.once("exit", () => {
      writeWhole(`${[...listSkipped(modules), closingLine(counts)].join("\n")}\n`);
      const isBad = counts.failed > 0 || counts.passed === 0 || reason !== "passed";
      if (isBad && !process.exitCode) process.exitCode = 1;
    });
  }
}

export function closingLine(counts: TestCounts): string {
  return `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;
}

export function countTests(modules: readonly TestModule[], unhandledErrors: number): TestCounts {
  const counts: TestCounts = { passed: 0, failed: unhandledErrors, skipped: 0 };
  for (const module of modules) {
    const before = counts.failed;
    for (const test of module.children.allTests()) {
      const state = test.result().state;
      counts[state === "pending" ? "failed" : state] += 1;
    }
    // The file broke outside its tests: an import, a hook, a suite's body.
    if (module.state() === "failed" && counts.failed === before) counts.failed += 1;
  }
  return counts;
}

/** One line for each reason in each file, or for each group of tests that gave none. */
export function listSkipped(modules: readonly TestModule[]): string[] {
  const lines = new Map<string, number>();
  for (const module of modules) {
    for (const test of module.children.allTests("skipped")) {
      const group = test.parent.type === "suite" ? ` > ${test.parent.fullName}` : "";
      const reason = reasonOf(test);
      const line = reason === undefined ? `${module.relativeModuleId}${group}` : `${module.relativeModuleId} (${reason})`;
      lines.set(line, (lines.get(line) ?? 0) + 1);
    }
  }
  return [...lines].map(([line, tests]) => `  skipped  ${line}: ${tests} ${tests === 1 ? "test" : "tests"}`);
}

function reasonOf(test: TestCase): string | undefined {
  const result = test.result();
  return result.state === "skipped" ? result.note : undefined;
}

/** At exit nothing may wait for an event, and a pipe that another process made non-blocking may be full for the moment. */
function writeWhole(text: string): void {
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}
