import { createClient, waitForWorkflow } from "../../sdk/src/index.ts";
import type { LabelledText } from "./texts.ts";

/** Trains the model `intent` on a running server, through its API, and waits until the function answers with it. */
export async function trainIntent(server: { url: string; key: string }, rows: readonly LabelledText[]): Promise<void> {
  const client = createClient(server);
  const lines = rows
    .map((row, index) => JSON.stringify({ ...row, at: new Date(Date.UTC(2020, 0, 1) + index * 60_000).toISOString() }))
    .join("\n");
  const upload = await client.call("data.upload", { body: lines });
  const dataset = await client.call("data.create", {
    // The rows come label by label: held back by time would be labels that no training row has.
    body: {
      name: "intent",
      uploadId: upload.id,
      timeColumn: "at",
      labelColumn: "label",
      featureColumns: ["text"],
      holdout: 0.05,
      split: { kind: "stratified" },
    },
  });
  await succeed(client, dataset.workflowId);
  const run = await client.call("models.createRun", { body: { model: "intent", trainer: "text-classifier", dataset: "intent@1" } });
  await succeed(client, run.workflowId);
  for (;;) {
    const detail = await client.call("functions.get", { parameters: { name: "intent" } });
    if (detail.variants.some((variant) => variant.name === "learned" && variant.ready)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function succeed(client: ReturnType<typeof createClient>, workflowId: string): Promise<void> {
  const workflow = await waitForWorkflow(client, workflowId);
  if (workflow.status !== "succeeded") throw new Error(`${workflow.name} ${workflow.status}: ${workflow.error}`);
}
