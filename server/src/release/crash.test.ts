import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import { nodeArguments } from "../../test/node-arguments.ts";
import { createTestStore, type TestStore } from "../../test/store.ts";
import { silentLogger, systemContext } from "../core/index.ts";
import { createEmbeddedSql } from "../storage/index.ts";

const context = systemContext("test");
/** Steps whose effect is seen from outside. A run with `MILLRACE_TEST_KILLS=100`, as CI's is, dies after every one there is. */
const telling = ["release.hold-canary", "release.promote"];
const everyStep = Number(process.env["MILLRACE_TEST_KILLS"] ?? 0) >= 100;
const fixture = fileURLToPath(new URL("../../test/fixtures/release-node.ts", import.meta.url));
let store: TestStore | undefined;

afterEach(async () => {
  await store?.close();
  store = undefined;
});

/** Runs the program until it ends: by our signal, or with what it found. */
function runOnce(dataFolder: string): Promise<{ ended: string; output: string }> {
  const child = spawn(process.execPath, [...nodeArguments, fixture, dataFolder, "--die", ...(everyStep ? [] : telling)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.on("data", (text: Buffer) => {
    output += text.toString();
  });
  return new Promise((resolve) => child.once("exit", (code, signal) => resolve({ ended: String(signal ?? code), output })));
}

describe("kill -9 after the steps of a retraining, with the real modules", () => {
  test("after each restart it goes on, and no effect is doubled", async ({ skip }) => {
    store = await createTestStore();
    if (store.kind === "postgres") return skip("takeover on PostgreSQL is tested in jobs; this is the single process");
    await store.sql.close();
    let last = await runOnce(store.dataFolder);
    while (last.ended === "SIGKILL") last = await runOnce(store.dataFolder);
    expect(last.ended).toBe("0");

    const deaths = (await readFile(join(store.dataFolder, "deaths.txt"), "utf8")).trim().split("\n");
    expect(deaths).toEqual(expect.arrayContaining(telling));
    expect(new Set(deaths).size).toBe(deaths.length);
    if (everyStep) expect(deaths.length).toBeGreaterThan(15);

    const { outcome, retraining, arms, champion } = JSON.parse(last.output) as Record<string, Record<string, unknown>>;
    expect(outcome).toMatchObject({ end: "promoted" });
    expect(retraining).toMatchObject({ stage: "promoted", promoted: true, dataset: "mail@2", modelVersion: 2, verdict: "pass" });
    expect(retraining!["after"]).not.toBeNull();
    expect(arms).toMatchObject([{ variant: "learned", role: "stable", share: 1 }]);
    expect(champion).toMatchObject({ version: 2 });

    const sql = await createEmbeddedSql({ folder: `${store.dataFolder}/database`, logger: silentLogger });
    const count = async (text: string) =>
      (await sql.as(context, (tx) => tx.client.query<{ key: string; count: number }>(text))).rows.map(
        ({ key, count }) => [key, count] as const,
      );
    const audited = Object.fromEntries(
      await count(
        "select action as key, count(*)::int as count from governance_audit where action like 'release.%' or action in ('models.register', 'models.move-alias', 'evaluation.judge') group by action",
      ),
    );
    const stages = Object.fromEntries(await count("select stage as key, count(*)::int as count from release_releases group by stage"));
    const events = Object.fromEntries(
      await count(
        "select type as key, count(*)::int as count from jobs_events where type like 'release.%' or type = 'models.version-registered' group by type",
      ),
    );
    const made = Object.fromEntries([
      ...(await count("select 'datasets' as key, count(*)::int as count from data_versions")),
      ...(await count("select 'models' as key, count(*)::int as count from models_versions")),
      ...(await count("select 'evaluations' as key, count(*)::int as count from evaluation_evaluations")),
      ...(await count("select 'retrainings' as key, count(*)::int as count from release_retrainings")),
    ]);
    await sql.close();
    expect(made).toEqual({ datasets: 2, models: 2, evaluations: 1, retrainings: 1 });
    expect({ ...stages, stable: 1 }).toEqual({ stable: 1, shadow: 1, canary: 1, promoted: 1 });
    expect(events).toMatchObject({ "release.shadow": 1, "release.canary": 1, "release.promoted": 1, "models.version-registered": 2 });
    expect(audited).toMatchObject({
      "release.retrain": 1,
      "release.shadow": 1,
      "release.canary": 1,
      "release.promote": 1,
      "release.retire": 1,
      "evaluation.judge": 1,
      "models.register": 2,
      "models.move-alias": 2,
    });
  }, 290_000);
});
