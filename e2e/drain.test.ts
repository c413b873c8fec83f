import { readFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { MillraceError } from "@millrace/sdk";
import { expect, test } from "vitest";
import { configPath, runMillrace, spawnNode, startNode } from "./start-node.ts";
import { createPlace, testDatabaseUrl } from "./store.ts";

const node = { role: "up", config: "rules" } as const;

test("SIGTERM under load: every request that was accepted is answered, and what was answered is stored; a second process on the data folder is refused and names the first", async () => {
  const place = await createPlace();
  const first = await startNode(place, node);
  const ids = new Set<string>();
  const lost: string[] = [];
  let stopping = false;
  let started = 0;
  let late = 0;

  async function ask(): Promise<void> {
    for (;;) {
      started++;
      const wasStopping = stopping;
      try {
        const answer = await first.client.call("functions.infer", {
          parameters: { name: "echo" },
          body: { input: { text: "in flight", waitMs: 300 } },
        });
        ids.add(answer.inferenceId);
        if (stopping) late++;
      } catch (error) {
        if (!(error instanceof MillraceError)) throw error;
        // After the door closed nothing is accepted; before, every request is promised an answer.
        if (!wasStopping) lost.push(error.message);
        return;
      }
      if (stopping) return;
    }
  }

  const clients = Array.from({ length: 16 }, ask);
  await expect.poll(() => ids.size).toBeGreaterThan(32);
  stopping = true;
  const ended = await first.stop();
  await Promise.all(clients);
  expect(ended).toEqual({ code: 0, signal: null });
  expect(lost).toEqual([]);
  expect(late).toBe(16);
  expect(started).toBe(ids.size);

  const second = await startNode(place, node);
  await expect.poll(() => second.client.call("evidence.get", {})).toMatchObject({ accepted: ids.size, stored: ids.size, backlog: 0 });
  const page = await second.client.call("inferences.list", { query: { status: "ok", limit: 500 } });
  expect(new Set(page.items.map((inference) => inference.id))).toEqual(ids);

  const third = spawnNode(place, node);
  expect(await third.ended).toEqual({ code: 1, signal: null });
  const said = JSON.parse(lastLine(third.output.error)) as { error: Record<string, unknown> };
  expect(said.error).toMatchObject({ code: "data_folder_locked" });
  expect(said.error["what"]).toContain(`pid ${second.child.pid}`);
  expect((await second.client.call("health.ready", {})).status).toBe("ok");
  expect(third.output.out).toBe("");
});

test("a node that does not drain is ready although the journal of its last run is not stored, takes keyed requests, and ends although its configuration left a timer; a port that is taken is named, and the folder is free again", async () => {
  const place = await createPlace();
  const first = await startNode(place, { role: "up", config: "journal-only" });
  const input = { text: "kept" };
  await first.client.call("functions.infer", { parameters: { name: "echo" }, body: { input } });
  await first.kill();

  const second = await startNode(place, { role: "up", config: "journal-only" });
  expect(await second.client.call("evidence.get", {})).toMatchObject({ accepted: 1, backlog: 1, stored: 0 });
  expect(await second.client.call("health.ready", {})).toEqual({ status: "ok", reasons: [] });
  const keyed = await fetch(`${second.url}/api/functions/echo/infer`, {
    method: "POST",
    headers: { authorization: `Bearer ${second.key}`, "content-type": "application/json", "idempotency-key": "one" },
    body: JSON.stringify({ input }),
  });
  expect(keyed.status).toBe(200);
  expect(await second.stop()).toEqual({ code: 0, signal: null });

  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  const { port } = taken.address() as AddressInfo;
  const args = ["up", "--data", second.dataFolder, "--config", configPath("rules"), "--port", String(port)];
  const refused = await runMillrace(args, place.environment);
  taken.close();
  expect(refused).toMatchObject({ code: 1, out: "" });
  expect(refused.error).toContain(`error  Port ${port} on 127.0.0.1 is taken.`);
  expect(refused.error).toContain("to do  Stop the other program, or pass --port.");

  // Whoever drains the folder finds all of it.
  const third = await startNode(place, node);
  expect(third.url).toContain("http://127.0.0.1:");
  await expect.poll(() => third.client.call("evidence.get", {})).toMatchObject({ accepted: 2, stored: 2, backlog: 0 });
  expect(await third.client.call("health.ready", {})).toEqual({ status: "ok", reasons: [] });
});

test("a start that its configuration makes impossible says why and ends, threads and folder free again", async () => {
  const place = await createPlace();
  const refused = spawnNode(place, { role: "up", config: "refused" });
  expect(await refused.ended).toEqual({ code: 1, signal: null });
  expect(refused.output.error).toContain("10.0.0.1");
  const { client } = await startNode(place, node);
  expect((await client.call("health.ready", {})).status).toBe("ok");
});

/** Processes this one started that still run. */
function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);
}

test.skipIf(testDatabaseUrl === undefined || process.platform !== "linux")(
  "a node that serves has its evidence carried to SQL by a process beside it: killed again and again, everything is stored once; it ends with the node, however that ends",
  async () => {
    const place = await createPlace();
    expect(await runMillrace(["storage", "migrate", "--data", place.folder], place.environment)).toMatchObject({ code: 0 });
    const { client, child, stop } = await startNode(place, { role: "serve", config: "rules", name: "one" });
    const ids = new Set<string>();
    async function ask(count: number): Promise<void> {
      for (let index = 0; index < count; index++) {
        const answer = await client.call("functions.infer", { parameters: { name: "echo" }, body: { input: { text: "carried" } } });
        ids.add(answer.inferenceId);
      }
    }
    const carriers = new Set<number>();
    for (let round = 0; round < 4; round++) {
      await ask(20);
      await expect.poll(() => childrenOf(child.pid!)).toHaveLength(1);
      const [carrier] = childrenOf(child.pid!);
      carriers.add(carrier!);
      const asking = ask(20);
      process.kill(carrier!, "SIGKILL");
      await asking;
    }
    expect(carriers.size).toBe(4);
    await expect
      .poll(() => client.call("evidence.get", {}))
      .toMatchObject({ accepted: ids.size, stored: ids.size, rejected: 0, backlog: 0 });
    const page = await client.call("inferences.list", { query: { status: "ok", limit: 500 } });
    expect(new Set(page.items.map((inference) => inference.id))).toEqual(ids);
    expect(page.items).toHaveLength(160);

    const [last] = childrenOf(child.pid!);
    expect(await stop()).toEqual({ code: 0, signal: null });
    expect(() => process.kill(last!, 0)).toThrow("ESRCH");

    const again = await startNode(place, { role: "serve", config: "rules", name: "one" });
    await again.client.call("functions.infer", { parameters: { name: "echo" }, body: { input: { text: "carried" } } });
    await expect.poll(() => childrenOf(again.child.pid!)).toHaveLength(1);
    const [orphan] = childrenOf(again.child.pid!);
    await again.kill();
    await expect.poll(() => isAlive(orphan!)).toBe(false);
  },
);

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1)!;
}
