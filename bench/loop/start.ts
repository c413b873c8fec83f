import { rm } from "node:fs/promises";
import { median } from "../load.ts";
import { memoryMb, startMillrace } from "../processes.ts";
import { type Check, atMost, result } from "../table.ts";
import { trainIntent } from "./learned.ts";
import { readBanking77 } from "./texts.ts";

const repeats = 5;
const settleMs = 60_000;

/** From the start of the process to ready on a folder that exists, and memory a minute later with one text model loaded. */
export const startCheck: Check = {
  name: "start",
  async run() {
    const first = await startMillrace({ config: "millrace.config.ts", keep: true });
    const rows =
      readBanking77()?.train ??
      Array.from({ length: 400 }, (_, index) => ({
        text: `${index % 2 ? "lost card" : "top up"} number ${index}`,
        label: index % 2 ? "lost" : "top_up",
      }));
    await trainIntent(first, rows);
    await first.stop();
    const seconds: number[] = [];
    for (let repeat = 0; repeat < repeats; repeat++) {
      const again = await startMillrace({ config: "millrace.config.ts", dataFolder: first.dataFolder, keep: true });
      seconds.push(again.readySeconds);
      if (repeat < repeats - 1) {
        await again.stop();
        continue;
      }
      await new Promise((resolve) => setTimeout(resolve, settleMs));
      const memory = memoryMb(again.pid);
      await again.stop();
      await rm(first.dataFolder, { recursive: true, force: true });
      return [
        result("existing data folder to ready", median(seconds), "s", { goal: atMost(2), n: repeats }),
        result("resident memory 60 s after ready", memory.now, "MB", { goal: atMost(750), n: 1 }),
        result("peak resident memory", memory.peak, "MB", { goal: null, n: 1 }),
      ];
    }
    return [];
  },
};
