import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createConfig, descendantsOf, isAlive, readStored, startChanging, startClients } from "./handed-over.ts";
import { type RunningNode, runMillrace } from "./start-node.ts";
import { createPlace, testDatabaseUrl } from "./store.ts";

const patience = { timeout: 30_000 };
const leftRunning = "\nsetInterval(() => undefined, 1000);\n";

async function configHash(node: RunningNode): Promise<string> {
  return (await node.client.call("overview.get", {})).configHash;
}

async function ownerOf(node: RunningNode): Promise<string> {
  return (await node.client.call("functions.get", { parameters: { name: "echo" } })).owner;
}

test("16 clients ask without pause while the configuration changes twice: nothing is refused, nothing is lost, one process id, which a timer of the last one does not keep alive", async () => {
  const place = await createPlace();
  const config = await createConfig(place);
  const node = await startChanging(place, config);
  const clients = startClients(node, 16);
  const hashes = [await configHash(node)];
  for (const version of ["second", "third"]) {
    const before = clients.answered;
    await expect.poll(() => clients.answered).toBeGreaterThan(before + 100);
    await config.write(config.text(version) + leftRunning);
    node.child.kill("SIGHUP");
    await expect.poll(() => ownerOf(node), patience).toBe(version);
    // On PostgreSQL the one before still answers on connections it has.
    let hash = "";
    await expect.poll(async () => (hash = await configHash(node)), patience).not.toBe(hashes.at(-1));
    hashes.push(hash);
  }
  const before = clients.answered;
  await expect.poll(() => clients.answered).toBeGreaterThan(before + 100);
  const { acknowledged, failed } = await clients.stop();
  expect(failed).toEqual([]);
  expect(new Set(hashes).size).toBe(3);

  // Of the processes before as well: their journal goes on where the process that serves writes it.
  const whole = { accepted: acknowledged.size, stored: acknowledged.size, rejected: 0, backlog: 0 };
  await expect.poll(() => node.client.call("evidence.get", {}), patience).toMatchObject(whole);
  const stored = await readStored(node);
  expect(new Map(stored.map(({ id, label }) => [id, label]))).toEqual(acknowledged);
  const first = await node.client.call("inferences.get", { parameters: { id: stored.at(-1)!.id } });
  const last = await node.client.call("inferences.get", { parameters: { id: stored[0]!.id } });
  expect([first.produced["configHash"], last.produced["configHash"]]).toEqual([hashes[0], hashes[2]]);

  // One node to whoever reads it, though another process each time.
  expect(first.produced["node"]).toBe(last.produced["node"]);
  expect(first.produced["process"]).not.toBe(last.produced["process"]);
  const serving = { id: last.produced["process"], name: last.produced["node"], alive: true };
  expect((await node.client.call("jobs.nodes", {})).items).toContainEqual(expect.objectContaining(serving));

  const audited = await node.client.call("governance.listAudit", { query: { action: "app.config", limit: 100 } });
  expect(audited.items.map((entry) => entry.object).toSorted()).toEqual(hashes.map((hash) => `config:${hash}`).toSorted());
  // The key of the first is everybody's.
  expect((await node.client.call("governance.listKeys", {})).items).toHaveLength(1);
  expect(readFileSync(join(node.dataFolder, "admin.key"), "utf8").trim()).toBe(node.key);
  // The keeper and one process, not a chain of them.
  await expect.poll(() => descendantsOf(node.child.pid!)).toHaveLength(1);
  const [serves] = descendantsOf(node.child.pid!);
  expect(await node.stop()).toEqual({ code: 0, signal: null });
  expect(isAlive(serves!)).toBe(false);
}, 120_000);

test("a configuration that is wrong is said with its path, and the one before goes on, at the same address too when a process is killed while it takes over; a right one then does, and kill -9 of the keeper leaves no process", async () => {
  const place = await createPlace();
  const config = await createConfig(place);
  const node = await startChanging(place, config);
  const hash = await configHash(node);
  const clients = startClients(node, 4);
  await config.write(config.text("wrong").replace("heartbeatMs: 300", 'heartbeatMs: "often"'));
  node.child.kill("SIGHUP");
  await expect.poll(() => node.output.error, patience).toContain("the configuration before goes on");
  expect(node.output.error).toContain("jobs.heartbeatMs");
  await expect.poll(() => problemOf(node), patience).toContain("jobs.heartbeatMs");
  await config.write("export default {");
  node.child.kill("SIGHUP");
  await expect.poll(() => problemOf(node), patience).toContain("cannot be loaded");
  expect(await configHash(node)).toBe(hash);
  expect(await node.client.call("health.ready", {})).toEqual({ status: "ok", reasons: [] });
  await expect.poll(() => descendantsOf(node.child.pid!)).toEqual([]);

  expect((await clients.stop()).failed).toEqual([]);

  const { url } = node;
  await config.write(config.text("doomed") + diesOnceItOpened(node.dataFolder));
  node.child.kill("SIGHUP");
  await expect.poll(() => node.output.error, patience).toContain("SIGKILL");
  await expect.poll(() => ownerOf(node).catch(() => ""), patience).toBe("first");
  expect((await fetch(`${url}/health/ready`)).status).toBe(200);
  await expect.poll(() => descendantsOf(node.child.pid!)).toEqual([]);
  expect(node.output.error.match(/the configuration before goes on/g)).toHaveLength(3);

  const others = startClients(node, 4);
  await config.writeVersion("right");
  node.child.kill("SIGHUP");
  await expect.poll(() => ownerOf(node), patience).toBe("right");
  await expect.poll(() => problemOf(node), patience).toBeNull();
  expect((await others.stop()).failed).toEqual([]);

  await expect.poll(() => descendantsOf(node.child.pid!)).toHaveLength(1);
  const [worker] = descendantsOf(node.child.pid!);
  await node.kill();
  await expect.poll(() => isAlive(worker!), patience).toBe(false);
}, 120_000);

test("with --watch a saved file takes over by itself, one that it imports too, and a start that fails after the first has let go brings it back; the death of the one that serves ends the keeper with its code", async () => {
  const place = await createPlace();
  const config = await createConfig(place);
  const imported = join(place.folder, "config", "owner.ts");
  await writeFile(imported, 'export const owner = "watched";');
  const watched = `import { owner } from "./owner.ts";\n${config.text("first").replace('owner: "first"', "owner")}`;
  await config.write(watched);
  const node = await startChanging(place, config, { args: ["--watch"] });
  const clients = startClients(node, 4);
  expect(await ownerOf(node)).toBe("watched");

  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  const { port } = taken.address() as { port: number };
  const elsewhere = config.text("elsewhere").replace("port: 0", `port: ${port}`);
  // First this process itself is the one that comes back, then one that it started.
  for (const owner of ["watched", "imported"]) {
    await writeFile(imported, `export const owner = ${JSON.stringify(owner)};`);
    await expect.poll(() => ownerOf(node), patience).toBe(owner);
    await config.write(elsewhere);
    await expect.poll(() => problemOf(node), patience).toContain(`Port ${port} on 127.0.0.1 is taken.`);
    expect(await ownerOf(node)).toBe(owner);
    await config.write(watched);
  }
  await config.writeVersion("last");
  await expect.poll(() => ownerOf(node), patience).toBe("last");
  taken.close();
  expect((await clients.stop()).failed).toEqual([]);

  await expect.poll(() => descendantsOf(node.child.pid!)).toHaveLength(1);
  process.kill(descendantsOf(node.child.pid!)[0]!, "SIGKILL");
  expect(await node.ended).toEqual({ code: 137, signal: null });
}, 90_000);

test.skipIf(testDatabaseUrl === undefined)(
  "nodes that serve and nodes that work take a changed configuration each for itself",
  async () => {
    const place = await createPlace();
    const config = await createConfig(place);
    await runMillrace(["storage", "migrate", "--data", join(place.folder, "data")], place.environment);
    const serve = await startChanging(place, config, { role: "serve" });
    const work = await startChanging(place, config, { role: "work" });
    const hash = await configHash(serve);
    const living = async () => (await serve.client.call("jobs.nodes", {})).items.filter((node) => node.alive);
    expect((await living()).map((node) => [node.role, node.configHash]).toSorted()).toEqual([
      ["serve", hash],
      ["work", hash],
    ]);
    await config.writeVersion("second");
    work.child.kill("SIGHUP");
    const changed = async () => (await living()).filter((node) => node.configHash !== hash).map((node) => node.role);
    await expect.poll(changed, patience).toEqual(["work"]);
    expect(await configHash(serve)).toBe(hash);
    serve.child.kill("SIGHUP");
    await expect.poll(async () => (await changed()).toSorted(), patience).toEqual(["serve", "work"]);
    await expect.poll(async () => (await living()).length, patience).toBe(2);
    expect(await work.stop()).toEqual({ code: 0, signal: null });
    expect(await serve.stop()).toEqual({ code: 0, signal: null });
  },
  60_000,
);

/** Code for a configuration file: the process dies as soon as a lock in the data folder is its own. */
function diesOnceItOpened(dataFolder: string): string {
  return `
import { globSync, readFileSync } from "node:fs";
const looking = setInterval(() => {
  const owners = globSync(["owner.json", "journal/*/owner.json"], { cwd: ${JSON.stringify(dataFolder)} });
  const mine = owners.some((file) => {
    try {
      return JSON.parse(readFileSync(${JSON.stringify(`${dataFolder}/`)} + file, "utf8")).pid === process.pid;
    } catch {
      return false;
    }
  });
  if (mine) process.kill(process.pid, "SIGKILL");
}, 1);
looking.unref();
`;
}

async function problemOf(node: RunningNode): Promise<string | null> {
  return (await node.client.call("overview.get", {})).configProblem;
}
