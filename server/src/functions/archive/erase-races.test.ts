import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { type TestArchive, minuteMs, someHour, useArchive } from "../../../test/archive.ts";
import { createId, silentLogger } from "../../core/index.ts";
import { createLakeInTask } from "../../storage/index.ts";
import { createSinks } from "../sink.ts";

const archives = useArchive();
const secret = "my mother's maiden name";
const afterTheHour = someHour + 120 * minuteMs;
let open: TestArchive;
let id: string;
let lake: ReturnType<typeof createLakeInTask>;

beforeEach(async () => {
  open = await archives.open();
  lake = createLakeInTask({ scratchFolder: open.scratchFolder });
  [id] = (await open.put(1, someHour, { input: { text: secret }, output: { said: secret } })) as [string];
});

/** What a shadow answered, as the drain stores it: in the hour of its inference. */
async function putShadow(output: unknown): Promise<void> {
  const shadow = id.slice(0, 24) + createId().slice(24);
  const { projectId } = open.context;
  const record = { id: shadow, projectId, inferenceId: id, function: "triage-mail", variant: "v", binding: "b", output, latencyMs: 1 };
  const [, shadows] = createSinks(silentLogger, open.clock);
  const drained = { type: "inference.shadow", id: shadow, projectId, interrupted: false, record };
  await open.store.sql.system("drain", (tx) => shadows!.write(tx, [drained]));
}

/** Whether the secret stands in any row, or in any file whether it is in the list or not. */
async function isAnywhere(): Promise<boolean> {
  const rows = [];
  for (const table of ["functions_inferences", "functions_inference_bodies", "functions_shadows"]) rows.push(...(await open.rows(table)));
  for (const path of await readdir(open.lakeFolder, { recursive: true }).catch(() => []))
    if (path.endsWith(".parquet")) rows.push(...(await lake.readParquet(join(open.lakeFolder, path))));
  return JSON.stringify(rows).includes(secret);
}

describe("an erasure while an export", () => {
  test.each([
    ["has read the body", "inferences"],
    ["has read what a shadow answered", "shadows"],
  ])("%s leaves nothing behind", async (_what, kind) => {
    await putShadow({ said: secret });
    open.clock.set(afterTheHour);
    const meanwhile: typeof lake = {
      ...lake,
      async writeParquet(input, options) {
        const written = await lake.writeParquet(input, options);
        if (input.folder.includes(`/${kind}/`)) await open.archive().erase(open.context, id);
        return written;
      },
    };
    await expect(open.archive({ lake: meanwhile }).closeHours()).rejects.toMatchObject({ code: "conflict" });
    expect(await isAnywhere()).toBe(false);
    await open.archive().closeHours();
    expect(await open.archive().files(open.context, { kind: "inferences" })).toMatchObject([{ rows: 1 }]);
    expect(await open.archive().files(open.context, { kind: "shadows" })).toMatchObject([{ rows: 1 }]);
    expect(await isAnywhere()).toBe(false);
  });

  test.each([
    ["the body", false],
    ["what a shadow answered", true],
  ])("writes %s is refused, and done when it is asked for again", async (_what, isShadowOnly) => {
    open.clock.set(afterTheHour);
    if (isShadowOnly) await open.archive().closeHours();
    await putShadow({ said: secret });
    const { sql } = open.store;
    let transactions = 0;
    const interrupted: typeof sql = {
      ...sql,
      async as(context, run) {
        const result = await sql.as(context, run);
        // The files are listed; what the erasure changes comes next.
        if (++transactions === 2) await open.archive().closeHours();
        return result;
      },
    };
    await expect(open.archive({ sql: interrupted }).erase(open.context, id)).rejects.toMatchObject({ code: "conflict" });
    expect(await open.archive().erase(open.context, id)).toMatchObject({ changed: true, files: 2 });
    expect(await isAnywhere()).toBe(false);
  });
});

test("an erasure that another one overtook leaves nothing of what that one took out", async () => {
  const [other] = (await open.put(1, someHour + minuteMs)) as [string];
  open.clock.set(afterTheHour);
  await open.archive().closeHours();
  const overtaken: typeof lake = {
    ...lake,
    async run(steps, options) {
      const written = await lake.run(steps, options);
      await open.archive().erase(open.context, id);
      return written;
    },
  };
  await expect(open.archive({ lake: overtaken }).erase(open.context, other)).rejects.toMatchObject({ code: "conflict" });
  expect(await isAnywhere()).toBe(false);
  expect(await open.archive().erase(open.context, other)).toMatchObject({ changed: true, files: 1 });
  await open.governance.auditLog.sequence();
  expect(await open.governance.auditLog.verify(open.context)).toMatchObject({ verified: true, sealed: { records: 2 } });
});

test("what a shadow answered is not stored once its inference is erased", async () => {
  await open.archive().erase(open.context, id);
  await putShadow({ said: secret });
  expect(await isAnywhere()).toBe(false);
  expect(await open.rows("functions_shadows")).toMatchObject([{ inference_id: id, output: "null" }]);
});
