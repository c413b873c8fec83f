import { mkdirSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { LongestFirst } from "./tools/test-order.ts";

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Memory, where the system has a folder in it with room: databases are copied and removed all the time, which disks are slow at. */
function temporaryFolder(): string {
  const folder = "/dev/shm/millrace-test";
  try {
    const { bavail, bsize } = statfsSync("/dev/shm");
    if (bavail * bsize < 4e9) return tmpdir();
    mkdirSync(folder, { recursive: true });
    return folder;
  } catch {
    return tmpdir();
  }
}

// The global setup runs in this process, the tests in others.
process.env["TMPDIR"] ??= temporaryFolder();
process.env["NODE_COMPILE_CACHE"] ??= `${process.env["TMPDIR"]}/millrace-test-compiled`;

const exclude = ["**/node_modules/**", "**/dist/**"];
/** They start the engine of workflows, which is one for the whole process, or test it. */
const engine = [
  "server/src/{app,jobs,release,functions/batches}/**/*.test.ts",
  "server/src/{data/data,data/features/features,data/sources/sources,evaluation/evaluation,feedback/feedback,models/models,monitoring/monitoring}.test.ts",
  "server/src/storage/{backup/backup,sql/dbos}.test.ts",
];

export default defineConfig({
  // By name and not by the condition `source` alone: the global setup resolves without it, and a fresh clone has no dist.
  resolve: {
    conditions: ["source"],
    alias: [
      { find: /^@millrace\/contract$/, replacement: source("contract/src/index.ts") },
      { find: /^@millrace\/sdk$/, replacement: source("sdk/src/index.ts") },
      { find: /^millrace$/, replacement: source("server/src/index.ts") },
    ],
  },
  ssr: { resolve: { conditions: ["source"] } },
  test: {
    globalSetup: ["server/test/global-setup.ts"],
    projects: [
      // Nothing of these outlives its test, so that a process serves one file after the other: it imports the server once, and
      // compiles PGlite once, which for most files is half of their CPU.
      {
        extends: true,
        test: {
          name: "together",
          include: ["{contract,sdk,console}/**/*.test.{ts,tsx}", "server/src/**/*.test.ts"],
          exclude: [...exclude, ...engine],
          isolate: false,
          setupFiles: ["server/test/ids-of-today.ts"],
        },
      },
      { extends: true, test: { name: "apart", include: [...engine, "{e2e,tools,server/test}/**/*.test.ts"], exclude } },
    ],
    pool: "forks",
    // One more than the cores of the smallest machine: many tests wait for a process of their own.
    maxWorkers: 3,
    // A test opens a database, asks little of it and is over: compiling its WebAssembly a second time, as a long life repays it, is a third of the suite.
    execArgv: ["--liftoff-only"],
    sequence: { sequencer: LongestFirst },
    // On CI's shared machines a test gets a second try; the report marks it (retry x1), so that it is mended, not forgotten.
    retry: process.env["CI"] === undefined ? 0 : 1,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A busy machine is no reason to fail: what is polled for has time.
    expect: { poll: { timeout: 20_000 } },
  },
});
