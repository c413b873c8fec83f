import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import type { Client } from "@millrace/sdk";
import { expect, test } from "vitest";
import { runMillrace, startNode } from "./start-node.ts";
import { createPlace } from "./store.ts";
import { ask, askAndTell, makeDataset, makeMessages, startTraining, succeed } from "./triage.ts";

const node = { role: "up", config: "triage" } as const;
const questions = makeMessages("first", 10, 7).map((message) => message.text);

test("a backup of a running server, restored elsewhere, is the same server", async () => {
  const place = await createPlace();
  const first = await startNode(place, node);
  await makeDataset(first.client, 120);
  await succeed(first.client, await startTraining(first.client));
  await expect.poll(async () => (await ask(first.client, "hello")).variant, { timeout: 20_000 }).toBe("learned");
  await askAndTell(first.client, makeMessages("first", 12, 5));

  // It is written while requests go on.
  const asked = startAsking(first.client);
  await expect.poll(() => asked.ids.size).toBeGreaterThan(5);
  const answeredBefore = new Set(asked.ids);
  const backup = await runMillrace(["backup", "nightly", "--json", "--url", first.url, "--key", first.key]);
  expect(backup).toMatchObject({ code: 0 });
  // On a busy machine it says what it waits for, and nothing else.
  expect(backup.error.replaceAll(/^waiting for .*\n/gm, "")).toBe("");
  await asked.stop();
  const { path } = JSON.parse(backup.out) as { path: string };
  expect(path).toBe(join(first.dataFolder, "backups", "nightly"));
  const before = await describeServer(first.client);
  expect(await first.stop()).toEqual({ code: 0, signal: null });

  const elsewhere = await createPlace();
  const data = join(elsewhere.folder, "restored");
  const restored = await runMillrace(["storage", "restore", path, "--data", data, "--json"], elsewhere.environment);
  expect(restored).toMatchObject({ code: 0 });
  // The key that signs the log's checkpoints is kept outside the data folder, and so outside the backup.
  await copyFile(join(place.folder, "data.audit-key"), `${data}.audit-key`);
  const second = await startNode(elsewhere, { ...node, data: "restored" });
  const after = await describeServer(second.client);
  expect(after.datasets).toEqual(before.datasets);
  expect(after.rows).toEqual(before.rows);
  expect(after.models).toEqual(before.models);
  expect(after.version).toEqual(before.version);
  expect(after.feedback).toMatchObject({ accepted: 12, labelled: 12 });
  expect(after.answers).toEqual(before.answers);
  expect(after.evidence).toMatchObject({ rejected: 0, backlog: 0 });
  const ids = new Set(after.inferences.map((inference) => inference.id));
  expect([...answeredBefore].filter((id) => !ids.has(id))).toEqual([]);
  const known = new Map(before.inferences.map((inference) => [inference.id, inference]));
  for (const inference of after.inferences) if (known.has(inference.id)) expect(inference).toEqual(known.get(inference.id));
  expect(after.inferences.filter((inference) => inference.feedbackLabel !== null)).toHaveLength(12);
  expect(await second.client.call("governance.verifyAudit", { body: {} })).toMatchObject({ verified: true, problems: [] });
  expect(await second.stop()).toEqual({ code: 0, signal: null });

  const again = await runMillrace(["storage", "restore", path, "--data", data, "--json"], elsewhere.environment);
  expect(again.code).not.toBe(0);
  expect(again.error).toContain("conflict");
});

/** What must be the same on both sides. */
async function describeServer(client: Client) {
  const answers = [];
  for (const question of questions) {
    const { output, variant, binding } = await ask(client, question);
    answers.push({ output, variant, binding });
  }
  await expect.poll(async () => (await client.call("evidence.get", {})).backlog).toBe(0);
  const reference = { parameters: { name: "messages", version: 1 } };
  return {
    answers,
    datasets: (await client.call("data.list", {})).items,
    rows: await client.call("data.rows", { ...reference, query: { limit: 100 } }),
    models: await client.call("models.get", { parameters: { name: "triage" } }),
    version: await client.call("models.getVersion", { parameters: { name: "triage", version: 1 } }),
    feedback: await client.call("feedback.stats", { query: {} }),
    evidence: await client.call("evidence.get", {}),
    inferences: (await client.call("inferences.list", { query: { limit: 500, status: "ok" } })).items,
  };
}

/** One client that asks until it is stopped. */
function startAsking(client: Client) {
  const ids = new Set<string>();
  let stopped = false;
  const running = (async () => {
    while (!stopped) {
      ids.add((await ask(client, "while the backup is written")).inferenceId);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  })();
  return {
    ids,
    async stop() {
      stopped = true;
      await running;
    },
  };
}
