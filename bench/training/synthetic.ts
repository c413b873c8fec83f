import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { CheckResult, Check } from "../table.ts";

/** 1,000,000 x 28, 100 trees, 31 leaves: the fit beside LightGBM's, and memory; in a process of its own, so that its memory is its own. */
export const syntheticCheck: Check = {
  name: "synthetic",
  run: () =>
    new Promise((resolve, reject) => {
      let answer: CheckResult[] | undefined;
      const child = fork(fileURLToPath(new URL("synthetic-task.ts", import.meta.url)));
      child.on("message", (message) => {
        answer = message as CheckResult[];
      });
      child.on("error", reject);
      child.on("close", (code) => {
        if (answer === undefined) reject(new Error(`The measuring process ended with code ${code}.`));
        else resolve(answer);
      });
    }),
};
