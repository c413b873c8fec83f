import { type AddressInfo, createServer } from "node:net";
import { MillraceError } from "@millrace/sdk";
import { expect, test } from "vitest";
import { configPath, runMillrace, spawnNode, startNode } from "./start-node.ts";
import { createPlace } from "./store.ts";

const node = { role: "up", config: "rules" } as const;

test("SIGTERM under load: every request that was accepted is answered, and what was answered is stored", async () => {
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
});

test("a second process on the same data folder is refused and names the first", async () => {
  const place = await createPlace();
  const first = await startNode(place, node);
  const second = spawnNode(place, node);
  expect(await second.ended).toEqual({ code: 1, signal: null });
  const said = JSON.parse(lastLine(second.output.error)) as { error: Record<string, unknown> };
  expect(said.error).toMatchObject({ code: "data_folder_locked" });
  expect(said.error["what"]).toContain(`pid ${first.child.pid}`);
  expect((await first.client.call("health.ready", {})).status).toBe("ok");
  expect(second.output.out).toBe("");
});

test("a port that is taken is named, and the data folder is free again", async () => {
  const place = await createPlace();
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  const { port } = taken.address() as AddressInfo;
  const args = ["up", "--data", `${place.folder}/data`, "--config", configPath("rules"), "--port", String(port)];
  const refused = await runMillrace(args, place.environment);
  taken.close();
  expect(refused).toMatchObject({ code: 1, out: "" });
  expect(refused.error).toContain(`error  Port ${port} on 127.0.0.1 is taken.`);
  expect(refused.error).toContain("to do  Stop the other program, or pass --port.");
  expect((await startNode(place, node)).url).toContain("http://127.0.0.1:");
});

function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1)!;
}
