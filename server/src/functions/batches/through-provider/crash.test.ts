import { type ChildProcess, execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Batch } from "@millrace/contract";
import { expect, onTestFinished, test } from "vitest";
import { nodeArguments } from "../../../../test/node-arguments.ts";
import { startScriptedBatches } from "../../../../test/scripted-batches.ts";
import { createTestStore } from "../../../../test/store.ts";

/** A run with `MILLRACE_TEST_KILLS=100`, as CI's is, dies everywhere. */
const everyKill = Number(process.env["MILLRACE_TEST_KILLS"] ?? 0) >= 100;
const fixture = fileURLToPath(new URL("../../../../test/fixtures/provider-batch-node.ts", import.meta.url));

test.for(everyKill ? ["openai", "anthropic"] : ["openai"])(
  "a batch through %s, killed before and after its id is noted, is sent once and loses no row",
  async (dialect, { skip }) => {
    const store = await createTestStore();
    onTestFinished(() => store.close());
    if (store.kind === "postgres") return skip("takeover on PostgreSQL is tested in jobs; this is the single process");
    await store.sql.close();
    const provider = await startScriptedBatches();
    onTestFinished(() => provider.close());
    let child: ChildProcess | undefined;

    function run(fatal: string): Promise<{ signal: string | null; output: string }> {
      return new Promise((resolve, reject) => {
        const given = [...nodeArguments, fixture, store.dataFolder, provider.origin, dialect, fatal];
        const started = execFile(process.execPath, given, (error, output) => {
          if (error !== null && started.signalCode !== "SIGKILL") reject(error);
          else resolve({ signal: started.signalCode, output });
        });
        child = started;
      });
    }

    provider.onTaken = () => void child!.kill("SIGKILL");
    expect((await run("")).signal).toBe("SIGKILL");
    expect((await run("functions.batch-submit-1")).signal).toBe("SIGKILL");
    const ended = JSON.parse((await run("")).output) as Batch;
    expect(ended).toMatchObject({ status: "succeeded", rows: { total: 8, done: 8, failed: 0 }, provider: { id: provider.batches[0]!.id } });
    expect(provider.batches).toHaveLength(1);
  },
);
