import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Client, createClient } from "@millrace/sdk";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type App, startApp } from "../src/app/index.ts";
import { createRandom } from "../src/core/index.ts";

const config = `
import { defineConfig, defineFunction, model } from "millrace";
import { z } from "zod";

const price = defineFunction({
  name: "price",
  owner: "sales",
  purpose: { objective: "Say what a flat is worth.", decision: "The first offer.", errors: [] },
  boundary: "may suggest a price, may not make an offer",
  input: z.object({
    area: z.number().nullable(),
    town: z.string().nullable(),
    renewed: z.boolean(),
    offered: z.string(),
  }),
  output: z.object({ value: z.number(), low: z.number(), high: z.number() }),
  latencyBudgetMs: 1000,
  variants: { learned: model({ model: "price" }) },
  fallback: ["learned"],
});
export default defineConfig({ functions: [price], http: { port: 7070 } });
`;

let folder: string;
let app: App;
let client: Client;

beforeAll(async () => {
  // Beside the sources, so that "millrace" resolves as it does for a user's file.
  folder = await mkdtemp(join(fileURLToPath(new URL("../", import.meta.url)), ".tables-test-"));
  const configPath = join(folder, "millrace.config.ts");
  await writeFile(configPath, config);
  app = await startApp({ role: "up", dataFolder: join(folder, "data"), configPath, port: 0, logLevel: "silent" });
  client = createClient({ url: app.url, key: (await readFile(join(folder, "data", "admin.key"), "utf8")).trim() });
});
afterAll(async () => {
  await app.close();
  await rm(folder, { recursive: true, force: true });
  await rm(`${folder}.audit-key`, { force: true });
});

function makeFlats(count: number): object[] {
  const random = createRandom(4);
  return Array.from({ length: count }, (_, row) => {
    const flat = { area: 30 + random.next() * 100, town: ["Graz", "Wien"][random.integer(2)]!, renewed: random.next() < 0.5 };
    const offered = new Date(Date.UTC(2024, 0, 1) + row * 86_400_000).toISOString();
    const worth = 3 * flat.area + (flat.town === "Wien" ? 120 : 0) + (flat.renewed ? 40 : 0) + random.next();
    return { ...flat, offered, area: row % 20 === 0 ? null : flat.area, worth };
  });
}

async function succeed(workflowId: string): Promise<void> {
  const status = async () => (await client.call("jobs.get", { parameters: { id: workflowId } })).status;
  await expect.poll(status, { timeout: 30_000 }).toMatch(/succeeded|failed/);
  expect(await status()).toBe("succeeded");
}

describe("a table of numbers, categories, booleans and instants", () => {
  test("becomes a dataset, a model, and the answer of a function", async () => {
    const upload = await client.call("data.upload", {
      body: makeFlats(200)
        .map((flat) => JSON.stringify(flat))
        .join("\n"),
    });
    const built = await client.call("data.create", {
      body: {
        name: "flats",
        uploadId: upload.id,
        labelColumn: "worth",
        featureColumns: ["area", "town", "renewed", "offered"],
        split: { kind: "random" },
      },
    });
    await succeed(built.workflowId);
    const started = await client.call("models.createRun", { body: { model: "price", trainer: "linear", dataset: "flats@1" } });
    await succeed(started.workflowId);

    const { metrics } = await client.call("models.getRun", { parameters: { id: started.runId } });
    expect(metrics).toMatchObject({ task: "regression" });
    if (metrics?.task !== "regression") throw new Error("a number was to be learned");
    const [mean] = metrics.baselines!.filter(({ name, metric }) => name === "mean" && metric === "rmse");
    expect(metrics.rmse.high).toBeLessThan(mean!.estimate.low);
    expect(metrics.importances![0]!.input).toBe("area");
    const { signature, card } = await client.call("models.getVersion", { parameters: { name: "price", version: 1 } });
    expect(signature.inputs.map(({ type }) => type)).toEqual(["number", "category", "boolean", "instant"]);
    expect(card).toContain("baseline mean: rmse");

    const ask = (area: unknown) =>
      client.call("functions.infer", {
        parameters: { name: "price" },
        body: { input: { area, town: "Wien", renewed: true, offered: "2024-05-05T00:00:00Z" } },
      });
    await expect.poll(async () => (await client.call("functions.get", { parameters: { name: "price" } })).variants[0]!.ready).toBe(true);
    const { output } = (await ask(100)) as { output: { value: number; low: number; high: number } };
    expect(output.low).toBeLessThan(output.value);
    expect(output.high - output.value).toBeCloseTo(metrics.conformal!.bound, 3);
    expect(output.value).toBeGreaterThan(420);
    expect(output.value).toBeLessThan(500);
    expect((await ask(null)).output).toMatchObject({ value: expect.any(Number) as number });
    await expect(
      client.call("functions.infer", {
        parameters: { name: "price" },
        body: { input: { area: 100, town: "Wien", renewed: true, offered: "last week" } },
      }),
    ).rejects.toThrow(/an instant \(ISO 8601 with offset\) as the input "offered"/);
  });
});
