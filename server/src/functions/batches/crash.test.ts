import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Batch, BatchRow, Inference } from "@millrace/contract";
import { expect, onTestFinished, test } from "vitest";
import { nodeArguments } from "../../../test/node-arguments.ts";
import { createTestStore } from "../../../test/store.ts";

/** A run with `MILLRACE_TEST_KILLS=100`, as CI's is, dies everywhere. */
const everyKill = Number(process.env["MILLRACE_TEST_KILLS"] ?? 0) >= 100;
const fixture = fileURLToPath(new URL("../../../test/fixtures/batch-node.ts", import.meta.url));

interface Report {
  /** In all runs together. */
  readonly asked: number;
  readonly ended: Batch;
  readonly rows: BatchRow[];
  readonly inferences: Inference[];
}

function run(folder: string, fatal: string): Promise<{ signal: string | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = execFile(process.execPath, [...nodeArguments, fixture, folder, fatal], (error, output) => {
      if (error !== null && child.signalCode !== "SIGKILL") reject(error);
      else resolve({ signal: child.signalCode, output });
    });
  });
}

test("a batch of 200 rows, killed in the middle and after its steps, answers each row once and loses none", async ({ skip }) => {
  const store = await createTestStore();
  onTestFinished(() => store.close());
  if (store.kind === "postgres") return skip("takeover on PostgreSQL is tested in jobs; this is the single process");
  await store.sql.close();
  const folder = store.dataFolder;
  for (const fatal of everyKill ? ["70", "functions.batch-answers", "functions.batch-end"] : ["70"]) {
    expect((await run(folder, fatal)).signal, fatal).toBe("SIGKILL");
  }
  const last = await run(folder, "");
  const { asked, ended, rows, inferences } = JSON.parse(last.output) as Report;

  expect(ended).toMatchObject({ status: "succeeded", rows: { total: 200, done: 196, failed: 4 }, result: { rows: 200 } });
  expect(rows.map(({ row }) => row)).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
  for (const { row, status, output } of rows) {
    if (row % 50 === 0) expect(status).toBe("failed");
    else expect(output).toEqual({ label: String(row % 2), twice: 2 * row });
  }
  // What an earlier run had answered was not asked again: only the rows under way at the first kill, four at most, are.
  expect(asked).toBeLessThanOrEqual(196 + 4);
  const answered = rows.flatMap(({ inferenceId }) => (inferenceId === null ? [] : [inferenceId]));
  expect(answered.toSorted()).toEqual(inferences.map(({ id }) => id).toSorted());
});
