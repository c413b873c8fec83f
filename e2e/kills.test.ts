import { MillraceError } from "@millrace/sdk";
import type { Inference } from "@millrace/contract";
import { expect, test } from "vitest";
import { createRandom } from "../server/src/core/index.ts";
import { type RunningNode, spawnNode, startNode } from "./start-node.ts";
import { createPlace } from "./store.ts";

/** 100 is the promise; a run of the whole suite has time for a few. */
const kills = Number(process.env["MILLRACE_TEST_KILLS"] ?? 4);
const clients = 16;
const node = { role: "up", config: "rules", name: "up" } as const;

test(
  `${kills} kill -9 at random times under ${clients} clients: what was acknowledged is stored, and nothing else`,
  async () => {
    const place = await createPlace();
    const traffic = startTraffic();
    const random = createRandom(Number(process.env["MILLRACE_TEST_SEED"] ?? 1));
    let killedWhileStarting = 0;
    for (let kill = 0; kill < kills; kill++) {
      if (random.integer(4) === 0) {
        const starting = spawnNode(place, node);
        await pause(random.integer(1000));
        starting.child.kill("SIGKILL");
        await starting.ended;
        killedWhileStarting++;
        continue;
      }
      const running = await startNode(place, node);
      traffic.aimAt(running);
      await pause(50 + random.integer(1000));
      await running.kill();
      traffic.aimAt(undefined);
    }
    const last = await startNode(place, node);
    traffic.aimAt(last);
    await pause(200);
    const { acknowledged, cut, refused } = await traffic.stop();
    await expect.poll(() => last.client.call("evidence.get", {}), { timeout: 30_000 }).toMatchObject({ backlog: 0, rejected: 0 });
    const evidence = await last.client.call("evidence.get", {});
    expect(evidence.accepted).toBe(evidence.stored);

    const stored = await readStored(last);
    const storedIds = new Set(stored.map((inference) => inference.id));
    expect(storedIds.size).toBe(stored.length);
    expect([...acknowledged.keys()].filter((id) => !storedIds.has(id))).toEqual([]);
    for (const { id, label } of stored) {
      if (acknowledged.has(id)) expect(acknowledged.get(id)).toBe(label);
      else expect(cut).toContain(label);
    }
    expect(new Set(stored.map((inference) => inference.label)).size).toBe(stored.length);
    expect(refused).toEqual([]);
    // It proves nothing on nothing.
    expect(acknowledged.size).toBeGreaterThan(kills * 10);
    if (kills > killedWhileStarting + 3) expect(cut.size).toBeGreaterThan(0);
    expect(await last.stop()).toEqual({ code: 0, signal: null });
  },
  kills * 10_000 + 60_000,
);

/** Clients that ask without end, each request with a number of its own, whatever happens to the server. */
function startTraffic() {
  /** Inference id to the request's number. */
  const acknowledged = new Map<string, string>();
  /** Numbers of requests that were sent and whose answer never came. */
  const cut = new Set<string>();
  const refused: string[] = [];
  let target: RunningNode | undefined;
  let stopped = false;
  let next = 0;

  async function ask(): Promise<void> {
    while (!stopped) {
      const aimed = target;
      if (aimed === undefined) {
        await pause(5);
        continue;
      }
      const text = String(next++);
      try {
        const answer = await aimed.client.call("functions.infer", { parameters: { name: "echo" }, body: { input: { text } } });
        acknowledged.set(answer.inferenceId, text);
      } catch (error) {
        if (!(error instanceof MillraceError)) throw error;
        if (error.code !== "server_unreachable") refused.push(`${error.code}: ${error.message}`);
        else if (!neverConnected(error)) cut.add(text);
      }
      await pause(8);
    }
  }

  const running = Promise.all(Array.from({ length: clients }, ask));
  return {
    aimAt(node: RunningNode | undefined) {
      target = node;
    },
    async stop() {
      stopped = true;
      await running;
      return { acknowledged, cut, refused };
    },
  };
}

function neverConnected(error: MillraceError): boolean {
  const { cause } = error.cause as { cause?: NodeJS.ErrnoException };
  return cause?.code === "ECONNREFUSED";
}

async function readStored(running: RunningNode): Promise<Inference[]> {
  const found: Inference[] = [];
  let cursor: string | undefined;
  do {
    const page = await running.client.call("inferences.list", { query: { status: "ok", limit: 500, cursor } });
    found.push(...page.items);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  return found;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
