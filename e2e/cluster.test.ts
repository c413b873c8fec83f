import { mkdir, rename, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import type { Client } from "@millrace/sdk";
import { describe, expect, test } from "vitest";
import { type BlockedWay, blockNotifications } from "./block-notifications.ts";
import { type NodeOptions, type RunningNode, runMillrace, startNode } from "./start-node.ts";
import { type Place, createPlace, testDatabaseUrl } from "./store.ts";
import { ask, askAndTell, makeDataset, makeMessages, startTraining, succeed } from "./triage.ts";

interface Cluster {
  readonly place: Place;
  readonly way: BlockedWay;
  start(role: NodeOptions["role"], name: string, options?: Partial<NodeOptions>): Promise<RunningNode>;
}

/** Several nodes over one PostgreSQL, none of which gets a notification. */
async function createCluster(): Promise<Cluster> {
  const place = await createPlace();
  const way = await blockNotifications(testDatabaseUrl!);
  const environment = { ...place.environment, MILLRACE_DATABASE_URL: way.url };
  const migrated = await runMillrace(["storage", "migrate", "--data", join(place.folder, "data")], environment);
  expect(migrated).toMatchObject({ code: 0 });
  return {
    place,
    way,
    start: (role, name, options = {}) => startNode(place, { role, name, config: "triage", environment, ...options }),
  };
}

describe.skipIf(testDatabaseUrl === undefined)("two serve and one work over one PostgreSQL, notifications blocked", () => {
  test("a kill switch set on one node is in force on all in under a second", async () => {
    const { start, way } = await createCluster();
    const [one, two] = [await start("serve", "one"), await start("serve", "two")];
    await start("work", "three");
    const delays: number[] = [];
    for (let round = 0; round < 5; round++) {
      expect(await refusal(two.client)).toBe(undefined);
      await setSwitch(one.client, true);
      const at = performance.now();
      expect(await refusal(one.client)).toBe("function_switched_off");
      await expect.poll(() => refusal(two.client), { interval: 10 }).toBe("function_switched_off");
      delays.push(performance.now() - at);
      await setSwitch(one.client, false);
      await expect.poll(() => refusal(two.client), { interval: 10 }).toBe(undefined);
    }
    // The promise is about a machine that is not held up by other tests: the middle of five.
    expect(delays.toSorted((a, b) => a - b)[2]).toBeLessThan(1000);
    expect(way.blocked()).toBeGreaterThan(0);
  }, 120_000);

  test("the workflow of a work node that died is taken over by another, and its effects are there once", async () => {
    const { start } = await createCluster();
    const { client } = await start("serve", "one");
    const first = await start("work", "first");
    await makeDataset(client);
    const workflowId = await startTraining(client);
    await expect.poll(() => statusOf(client, workflowId), { interval: 20 }).toBe("running");
    const before = await client.call("jobs.get", { parameters: { id: workflowId } });
    await first.kill();
    expect(await statusOf(client, workflowId)).toBe("running");

    await start("work", "second");
    const after = await succeed(client, workflowId);
    expect(after.node).not.toBe(before.node);
    expect(after.attempts).toBeGreaterThan(before.attempts);
    const model = await client.call("models.get", { parameters: { name: "triage" } });
    expect(model.versions).toBe(1);
    await expect
      .poll(async () => (await client.call("jobs.nodes", {})).items.filter((node) => node.role === "work").length, { timeout: 20_000 })
      .toBe(1);
  }, 120_000);

  test("a version gets traffic on a node once it is loaded there, and a release waits for the node that lags", async () => {
    const { start, place } = await createCluster();
    const one = await start("serve", "one");
    await start("work", "worker");
    // The other node has a folder of its own: without the models in it, it cannot load any.
    await mkdir(join(place.folder, "other"));
    const two = await start("serve", "two", { data: "other" });
    const models = createModelAccess(place);
    const twoId = await nodeIdOf(two.client);
    expect((await ask(two.client, "a prize")).variant).toBe("plain");

    await makeDataset(one.client);
    await succeed(one.client, await startTraining(one.client));
    const learned = await untilAnswers(one.client, "learned");
    await expect.poll(() => reasonsOf(two.url), { timeout: 20_000 }).toContain("There is no stored object");
    expect((await ask(two.client, "a prize")).variant).toBe("plain");
    expect(await readyBindings(one.client, twoId)).not.toContain(learned.binding);
    await models.grant();
    expect((await untilAnswers(two.client, "learned")).binding).toBe(learned.binding);
    await expect.poll(() => readyBindings(one.client, twoId)).toContain(learned.binding);
    expect((await two.client.call("health.ready", {})).status).toBe("ok");

    await models.revoke();
    await askAndTell(one.client, makeMessages("second", 200, 2));
    const retraining = await one.client.call("release.retrain", { body: { function: "triage", reason: "new words" } });
    await expect.poll(() => stageOf(one.client, retraining.id), { timeout: 60_000 }).toBe("shadow");
    const [challenger] = (await releases(one.client))[0]!.arms.filter((arm) => arm.role === "shadow");
    for (const { text } of makeMessages("second", 60, 3)) expect((await ask(one.client, text)).binding).toBe(learned.binding);
    // More than enough requests for the shadow, and time for several looks.
    await new Promise((resolve) => setTimeout(resolve, 2000));
    expect(await stageOf(one.client, retraining.id)).toBe("shadow");
    expect((await ask(two.client, "still the old one")).binding).toBe(learned.binding);

    await models.grant();
    const more = makeMessages("second", 2000, 4);
    await expect
      .poll(
        async () => {
          for (const { text } of more.splice(0, 20)) await ask(one.client, text);
          return stageOf(one.client, retraining.id);
        },
        { timeout: 60_000 },
      )
      .toBe("promoted");
    await expect.poll(async () => (await ask(two.client, "hello")).binding).toBe(challenger!.binding);
  }, 180_000);

  /** The other node's view of the stored models: none of its own, or the first node's. */
  function createModelAccess(place: Place) {
    const blobs = join(place.folder, "other", "blobs");
    return {
      async grant() {
        await rm(blobs, { recursive: true, force: true });
        await symlink(join(place.folder, "data", "blobs"), blobs);
      },
      async revoke() {
        await rename(blobs, `${blobs}-away`);
        await mkdir(blobs);
      },
    };
  }
});

async function setSwitch(client: Client, off: boolean): Promise<void> {
  await client.call("governance.setSwitch", { parameters: { target: "triage" }, body: { off, reason: "a drill" } });
}

/** The code a request is refused with; undefined when it is answered. */
async function refusal(client: Client): Promise<string | undefined> {
  try {
    await ask(client, "hello");
    return undefined;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

async function statusOf(client: Client, id: string): Promise<string> {
  return (await client.call("jobs.get", { parameters: { id } })).status;
}

async function stageOf(client: Client, id: string): Promise<string> {
  return (await client.call("release.getRetraining", { parameters: { id } })).stage;
}

async function releases(client: Client) {
  return (await client.call("release.list", { parameters: { function: "triage" } })).items;
}

async function nodeIdOf(client: Client): Promise<string> {
  const { inferenceId } = await ask(client, "who are you");
  const detail = async () => client.call("inferences.get", { parameters: { id: inferenceId } }).catch(() => undefined);
  await expect.poll(detail).toBeDefined();
  return (await detail())!.produced["node"] as string;
}

async function readyBindings(client: Client, nodeId: string): Promise<readonly string[]> {
  return (await client.call("jobs.nodes", {})).items.find((node) => node.name === nodeId)!.readyBindings;
}

/** Why a node says that it is not ready, as an orchestrator's probe sees it. */
async function reasonsOf(url: string): Promise<string> {
  return (await fetch(`${url}/health/ready`)).text();
}

async function untilAnswers(client: Client, variant: string) {
  await expect.poll(async () => (await ask(client, "hello")).variant, { timeout: 20_000 }).toBe(variant);
  return ask(client, "hello");
}
