import { randomBytes } from "node:crypto";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { serveTask } from "../../../core/index.ts";
import { writeOnnx } from "../../../models/index.ts";
import { buildGraph } from "./graph.ts";
import { readWeights } from "./read-package.ts";

export interface ConvertJob {
  /** Of the package. */
  readonly folder: string;
  readonly outputPath: string;
}

// The task process that writes the encoder of the package as one ONNX file. It appears whole or not at all.
serveTask(async ({ folder, outputPath }: ConvertJob) => {
  const onnx = writeOnnx(buildGraph(readWeights(folder)), { source: "Universal Sentence Encoder Lite" });
  const unfinished = `${outputPath}.${randomBytes(6).toString("hex")}`;
  await mkdir(dirname(outputPath), { recursive: true });
  try {
    await writeFile(unfinished, onnx);
    await rename(unfinished, outputPath);
  } finally {
    await rm(unfinished, { force: true });
  }
  return { bytes: onnx.length };
});
