import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { silentLogger } from "../../core/index.ts";
import { createEmbeddedSql } from "./create-embedded.ts";

/** The priority of every thread of this process, as the kernel has it: 0 is usual, 19 the last in line. */
async function readPriorities(): Promise<number[]> {
  const priorities: number[] = [];
  for (const id of await readdir("/proc/self/task")) {
    const status = await readFile(`/proc/self/task/${id}/stat`, "utf8");
    priorities.push(Number(status.replace(/^.*\) /, "").split(" ")[16]));
  }
  return priorities;
}

test.skipIf(process.platform !== "linux")("the embedded database's thread stands back, and no other", async () => {
  const folder = await mkdtemp(join(tmpdir(), "millrace-priority-"));
  const before = await readPriorities();
  const sql = await createEmbeddedSql({ folder: join(folder, "database"), logger: silentLogger });
  try {
    const lowered = (await readPriorities()).filter((priority) => priority === 10).length;
    expect(lowered - before.filter((priority) => priority === 10).length).toBe(1);
    expect(Math.min(...(await readPriorities()))).toBe(Math.min(...before));
  } finally {
    await sql.close();
    await rm(folder, { recursive: true });
  }
});
