import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { readFileSync } from "node:fs";
import { createEgress, createId, egressConfigSchema, silentLogger, systemClock } from "../server/src/core/index.ts";
import { readTokenizer } from "../server/src/gateway/embeddings/imported/read-tokenizer.ts";
import { createWordPiece } from "../server/src/gateway/embeddings/imported/word-piece.ts";
import { configSchema, createGateway, type Gateway } from "../server/src/gateway/index.ts";
import { minilm, minilmTokenizer, testModelPath } from "../tools/test-models.ts";
import { golden, likeness } from "./minilm-golden.ts";

const [path, tokenizer] = [testModelPath(minilm), testModelPath(minilmTokenizer)];
const isHere = path !== undefined && tokenizer !== undefined;
const texts = golden.map(({ text }) => text);
let gateway: Gateway;

beforeAll(() => {
  if (!isHere) return;
  gateway = createGateway({
    config: configSchema.parse({ onnx: { minilm: { path, tokenizer, maxTokens: 256 } } }),
    egress: createEgress({ config: egressConfigSchema.parse({ hosts: [] }), logger: silentLogger }),
    clock: systemClock,
  });
});
beforeEach((context) => {
  if (!isHere) context.skip("needs the test models: npm run fetch-test-models");
});
afterAll(() => gateway?.close());

async function embed(inputs: readonly string[]) {
  return gateway.embeddings.call({
    origin: { projectId: createId(), principalId: "key:test", function: "model:onnx/minilm", address: null },
    request: { model: "onnx/minilm", inputs, encoding: "float", foreign: {} },
    resolved: gateway.embeddings.resolve("onnx/minilm"),
    evidence: { step: () => undefined, elapsed: () => 0 },
    signal: new AbortController().signal,
    startedAt: performance.now(),
  });
}

function cosine(one: Float32Array, other: Float32Array): number {
  return one.reduce((sum, value, index) => sum + value * other[index]!, 0);
}

describe("all-MiniLM-L6-v2 in whole numbers of eight bits", () => {
  test("is cut into the pieces of the reference", () => {
    const tokenize = createWordPiece(readTokenizer(readFileSync(tokenizer!, "utf8"), { isJson: true, lowerCase: true }));
    expect(texts.map(tokenize)).toEqual(golden.map(({ tokens }) => tokens));
  });

  test("makes the vectors of the reference, whatever goes in beside a text", async () => {
    const { vectors, usage } = await embed(texts);
    expect(usage).toMatchObject({ input: golden.reduce((sum, { tokens }) => sum + tokens.length, 0), from: "tokenizer" });
    // The same file on another processor rounds a little differently.
    for (const [place, { beginning }] of golden.entries())
      for (const [index, value] of beginning.entries()) expect(Math.abs(vectors[place]![index]! - value)).toBeLessThan(0.02);
    for (const [one, other, told] of likeness) expect(Math.abs(cosine(vectors[one]!, vectors[other]!) - told)).toBeLessThan(0.05);
    for (const vector of vectors) expect(cosine(vector, vector)).toBeCloseTo(1, 5);
    const alone = await embed([texts[3]!]);
    expect(alone.vectors[0]).toEqual(vectors[3]);
  });

  test("finds what means the same closer than what does not", async () => {
    const { vectors } = await embed(texts.slice(0, 4));
    for (const [place, vector] of vectors.entries()) {
      const others = vectors.map((each, index) => ({ index, cosine: index === place ? -1 : cosine(vector, each) }));
      expect(others.toSorted((left, right) => right.cosine - left.cosine)[0]!.index).toBe(place ^ 1);
    }
  });
});
