import { expect, test } from "vitest";
import { startNode } from "./start-node.ts";
import { createPlace } from "./store.ts";
import { createThrowawayPostgres, findPostgres } from "./throwaway-postgres.ts";

const programs = await findPostgres();

test.skipIf(programs === undefined)(
  "the database goes: the journal carries on with the state's age on each record, then 503; it returns: all is stored",
  async () => {
    const database = await createThrowawayPostgres(programs!);
    const place = await createPlace(database.url);
    const { client, child } = await startNode(place, { role: "up", config: "impatient" });
    const answered: string[] = [];
    async function ask(): Promise<string> {
      try {
        const answer = await client.call("functions.infer", { parameters: { name: "echo" }, body: { input: { text: "hello" } } });
        answered.push(answer.inferenceId);
        return "answered";
      } catch (error) {
        return (error as { code: string }).code;
      }
    }
    expect(await ask()).toBe("answered");
    await expect.poll(async () => (await client.call("evidence.get", {})).stored).toBe(1);

    await database.stop();
    const codes = new Set<string>();
    await expect
      .poll(
        async () => {
          const code = await ask();
          codes.add(code);
          return code;
        },
        { timeout: 20_000, interval: 100 },
      )
      .toBe("state_stale");
    // Nothing but answers until the age was reached.
    expect([...codes]).toEqual(["answered", "state_stale"]);
    const whileGone = answered.slice(1);
    expect(whileGone.length).toBeGreaterThan(5);

    await database.start();
    await expect.poll(ask, { timeout: 20_000, interval: 100 }).toBe("answered");
    await expect.poll(async () => (await client.call("evidence.get", {})).backlog, { timeout: 20_000 }).toBe(0);
    const { accepted, stored, rejected } = await client.call("evidence.get", {});
    expect({ stored, rejected }).toEqual({ stored: accepted, rejected: 0 });
    const { items } = await client.call("inferences.list", { query: { status: "ok", limit: 500 } });
    expect(items.map((inference) => inference.id).toSorted()).toEqual(answered.toSorted());
    const ages = await Promise.all(
      whileGone.map(async (id) => (await client.call("inferences.get", { parameters: { id } })).produced["stateAgeMs"] as number),
    );
    // No contact from the stop on: each record knows less than the one before.
    expect(ages).toEqual(ages.toSorted((a, b) => a - b));
    expect(ages.at(-1)).toBeGreaterThan(3000);
    expect((await client.call("health.ready", {})).status).toBe("ok");
    expect(child.exitCode).toBe(null);
  },
);
