import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, symlink, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { MillraceError } from "@millrace/sdk";
import { expect, onTestFinished, test } from "vitest";
import { type RunningNode, startNode } from "./start-node.ts";
import { createPlace } from "./store.ts";

const node = { role: "up", config: "rules", name: "node" } as const;
const smallDisk = process.env["MILLRACE_TEST_SMALL_DISK"] || undefined;

test.skipIf(!existsSync("/dev/full"))(
  "a journal segment on a full device: 503 and no answer, until the disk takes bytes again",
  async () => {
    const place = await createPlace();
    const journal = join(place.folder, "data", "journal", node.name);
    await mkdir(journal, { recursive: true });
    // The first segment a new journal writes.
    const segment = join(journal, `${"1".padStart(12, "0")}.log`);
    await symlink("/dev/full", segment);
    const running = await startNode(place, node);
    const refused = await Promise.all(Array.from({ length: 20 }, () => ask(running)));
    for (const answer of refused) expect(answer).toMatchObject({ code: "evidence_unavailable", status: 503 });
    expect((refused[0] as MillraceError).details).toMatchObject({ reason: "disk_full" });
    expect(await running.client.call("evidence.get", {})).toMatchObject({ accepted: 0, stored: 0 });

    await unlink(segment);
    const first = await untilAnswered(running);
    await expectStored(running, [first]);
  },
);

test.skipIf(smallDisk === undefined)(
  "a small disk that fills: no answer without evidence, and all of it is stored when space returns",
  async () => {
    const place = await createPlace();
    const folder = await mkdtemp(join(smallDisk!, "journal-"));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    await mkdir(join(place.folder, "data"), { recursive: true });
    await symlink(folder, join(place.folder, "data", "journal"));
    const running = await startNode(place, node);
    const answered = [await untilAnswered(running)];
    const ballast = join(folder, "ballast");
    await fill(ballast);
    let refused: MillraceError | undefined;
    for (let request = 0; refused === undefined && request < 5000; request++) {
      const answer = await ask(running);
      if (typeof answer === "string") answered.push(answer);
      else refused = answer;
    }
    expect(refused).toMatchObject({ code: "evidence_unavailable", status: 503 });
    await rm(ballast);
    answered.push(await untilAnswered(running));
    await expectStored(running, answered);
    expect(await readdir(folder)).toEqual([node.name]);
  },
);

/** Asks once: the inference's id, or why there is none. */
async function ask(running: RunningNode): Promise<string | MillraceError> {
  try {
    const answer = await running.client.call("functions.infer", {
      parameters: { name: "echo" },
      body: { input: { text: "x".repeat(500) } },
    });
    return answer.inferenceId;
  } catch (error) {
    return error as MillraceError;
  }
}

async function untilAnswered(running: RunningNode): Promise<string> {
  let answer: string | MillraceError = "";
  await expect.poll(async () => typeof (answer = await ask(running)), { timeout: 20_000 }).toBe("string");
  return answer;
}

/** Everything that was answered is stored, and nothing else counts as an answer. */
async function expectStored(running: RunningNode, ids: readonly string[]): Promise<void> {
  await expect.poll(async () => (await running.client.call("evidence.get", {})).backlog, { timeout: 20_000 }).toBe(0);
  const evidence = await running.client.call("evidence.get", {});
  expect(evidence.accepted).toBe(evidence.stored + evidence.rejected);
  expect(evidence.rejected).toBe(0);
  const found: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await running.client.call("inferences.list", { query: { status: "ok", limit: 500, cursor } });
    found.push(...page.items.map((inference) => inference.id));
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  expect(new Set(found)).toEqual(new Set(ids));
}

/** Writes until the disk takes no more. */
async function fill(file: string): Promise<void> {
  for (let size = 64 * 1024; size >= 1024; size /= 2) {
    for (let full = false; !full;) {
      await writeFile(file, randomBytes(size), { flag: "a" }).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "ENOSPC") throw error;
        full = true;
      });
    }
  }
}
