import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Features (categories as codes) and the target of a table. */
export interface PeerTable {
  readonly features: readonly { readonly kind: "number" | "category"; readonly values: Float64Array }[];
  readonly target: Float64Array;
}

/** Whether `python3` on the path has LightGBM (`pip install lightgbm`). */
export function hasLightgbm(): boolean {
  return spawnSync("python3", ["-c", "import lightgbm"]).status === 0;
}

/** Of one fit, binning included. */
export interface Seconds {
  readonly wall: number;
  readonly cpu: number;
}

/** Fits with LightGBM's defaults, in a process of its own. */
export function fitLightgbm({ features, target }: PeerTable, options: { objective: string; threads: number }): Seconds {
  const folder = mkdtempSync(join(tmpdir(), "millrace-training-"));
  try {
    const path = join(folder, "table");
    for (const { values } of features) writeFileSync(path, Buffer.from(values.buffer), { flag: "a" });
    writeFileSync(path, Buffer.from(target.buffer), { flag: "a" });
    writeFileSync(`${path}.json`, JSON.stringify({ rows: target.length, categorical: features.map(({ kind }) => kind === "category") }));
    const script = fileURLToPath(new URL("fit-lightgbm.py", import.meta.url));
    const { stdout, stderr, status } = spawnSync("python3", [script, path, options.objective, String(options.threads)], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
    if (status !== 0) throw new Error(`LightGBM failed: ${stderr}`);
    return JSON.parse(stdout) as Seconds;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
