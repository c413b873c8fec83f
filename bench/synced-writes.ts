import { constants } from "node:fs";
import { mkdtemp, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { percentile } from "./load.ts";

/** Bytes of one: about a record of evidence. */
const bytes = Buffer.alloc(2048, "a");

/** Milliseconds that writes take here until they are on the disk, one every two milliseconds: what an answer waits for at least. */
export async function syncedWrites(folder: string, seconds: number): Promise<{ p50: number; p99: number }> {
  const own = await mkdtemp(join(folder, "millrace-bench-disk-"));
  const file = await open(join(own, "writes"), constants.O_WRONLY | constants.O_CREAT | constants.O_DSYNC);
  try {
    const times: number[] = [];
    const end = performance.now() + seconds * 1000;
    while (performance.now() < end) {
      await sleep(1);
      const from = performance.now();
      await file.write(bytes);
      times.push(performance.now() - from);
    }
    return { p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
  } finally {
    await file.close();
    await rm(own, { recursive: true, force: true });
  }
}
