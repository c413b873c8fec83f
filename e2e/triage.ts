import type { InferResponse, Workflow } from "@millrace/contract";
import { type Client, waitForWorkflow } from "@millrace/sdk";
import { expect } from "vitest";
import { type Random, createRandom } from "../server/src/core/index.ts";

/** Words that give a label away. A model that has seen only the first kind of mail is at chance on the second. */
const telling = {
  first: { spam: ["winner", "jackpot"], ham: ["meeting", "report"] },
  second: { spam: ["crypto", "doubling"], ham: ["invoice", "holiday"] },
} as const;

export interface Message {
  readonly text: string;
  readonly label: "spam" | "ham";
}

/** Messages of random words, no two alike, with one telling word each. */
export function makeMessages(kind: keyof typeof telling, count: number, seed: number): Message[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, (_, index) => {
    const label = index % 2 === 0 ? "spam" : "ham";
    const words = Array.from({ length: 12 }, () => makeWord(random));
    words.splice(random.integer(words.length), 0, telling[kind][label][random.integer(2)]!);
    return { text: words.join(" "), label };
  });
}

function makeWord(random: Random): string {
  return Array.from({ length: 7 }, () => String.fromCharCode(97 + random.integer(26))).join("");
}

/** Builds `messages@1` out of the first kind. */
export async function makeDataset(client: Client, rows = 300): Promise<void> {
  const day = 86_400_000;
  const lines = makeMessages("first", rows, 1).map((message, index) =>
    JSON.stringify({ ...message, at: new Date(Date.UTC(2020, 0, 1) + index * day).toISOString() }),
  );
  const upload = await client.call("data.upload", { body: lines.join("\n") });
  const { workflowId } = await client.call("data.create", {
    body: { name: "messages", uploadId: upload.id, timeColumn: "at", labelColumn: "label", featureColumns: ["text"] },
  });
  await succeed(client, workflowId);
}

/** Trains the next version of `triage` on `messages@1`. */
export async function startTraining(client: Client): Promise<string> {
  const { workflowId } = await client.call("models.createRun", {
    body: { model: "triage", trainer: "text-classifier", dataset: "messages@1" },
  });
  return workflowId;
}

export async function succeed(client: Client, workflowId: string): Promise<Workflow> {
  const workflow = await waitForWorkflow(client, workflowId, { pollMs: 100 });
  expect(workflow).toMatchObject({ status: "succeeded", error: null });
  return workflow;
}

export function ask(client: Client, text: string): Promise<InferResponse> {
  return client.call("functions.infer", { parameters: { name: "triage" }, body: { input: { text } } });
}

/** Asks about each message and says what was right. */
export async function askAndTell(client: Client, messages: readonly Message[]): Promise<InferResponse[]> {
  const answers: InferResponse[] = [];
  for (const message of messages) answers.push(await ask(client, message.text));
  await expect.poll(async () => (await client.call("evidence.get", {})).backlog).toBe(0);
  const items = answers.map((answer, index) => ({
    inferenceId: answer.inferenceId,
    kind: "label" as const,
    value: messages[index]!.label,
    source: "reader",
  }));
  expect(await client.call("feedback.submit", { body: { items } })).toMatchObject({ accepted: items.length, refused: 0 });
  return answers;
}
