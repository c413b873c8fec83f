import { expect, test } from "vitest";
import { startNode } from "./start-node.ts";
import { createPlace } from "./store.ts";

test("a node that does not drain is ready although the journal of its last run is not stored, and takes keyed requests", async () => {
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

  await second.stop();
  // Whoever drains the folder finds all of it.
  const third = await startNode(place, { role: "up", config: "rules" });
  await expect.poll(() => third.client.call("evidence.get", {})).toMatchObject({ accepted: 2, stored: 2, backlog: 0 });
  expect(await third.client.call("health.ready", {})).toEqual({ status: "ok", reasons: [] });
});
