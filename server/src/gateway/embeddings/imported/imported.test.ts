import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ScriptedUpstream, startScriptedUpstream } from "../../../../test/scripted-upstream.ts";
import { configSchema } from "../../config.ts";
import { createEncoders } from "../create-encoders.ts";
import { openEmbeddings } from "../test-embeddings.ts";
import type { Encoder } from "../types.ts";
import { importedEncoderSchema } from "./config.ts";
import { type TestEncoder, writeTestEncoder } from "./test-encoder.ts";

const never = new AbortController().signal;
let files: TestEncoder;
let upstream: ScriptedUpstream;
let encoder: Encoder;
const strange: TestEncoder[] = [];

beforeAll(async () => {
  files = await writeTestEncoder();
  upstream = await startScriptedUpstream();
  encoder = open();
});
afterAll(async () => {
  await encoder.close();
  await upstream.close();
  for (const { folder } of [files, ...strange]) await rm(folder, { recursive: true, force: true });
});

function open(changes: object = {}): Encoder {
  const tiny = importedEncoderSchema.parse({ path: files.path, tokenizer: files.tokenizer, maxTokens: 4, ...changes });
  return createEncoders({ cacheFolder: undefined, imported: { tiny } });
}

async function numbersOf(from: Encoder, ...texts: string[]): Promise<number[][]> {
  const { vectors } = await from.encode("tiny", texts, never);
  return vectors.map((vector) => [...vector].map((value) => Math.round(value * 1e6) / 1e6));
}

test("makes of each text the mean of its words, of length one, in order", async () => {
  const { tokens } = await encoder.encode("tiny", ["cat", "Dog!"], never);
  expect(tokens).toBe(3 + 4);
  expect(await numbersOf(encoder, "dog", "cat", "CAT car", "")).toEqual([
    [0.6, 0.8],
    [1, 0],
    [0.447214, -0.894427],
    [0, 0],
  ]);
});

test("takes the first token's instead where that is said", async () => {
  const first = open({ pooling: "first" });
  // The first is the mark, which is nothing here.
  expect(await numbersOf(first, "cat")).toEqual([[0, 0]]);
  await first.close();
});

test("refuses a text that is too long, goes on, and cuts it where that is said", async () => {
  await expect(encoder.encode("tiny", ["cat", "cat dog car"], never)).rejects.toMatchObject({
    code: "invalid_request",
    message: expect.stringContaining("A text has 5 tokens, and onnx/tiny takes 4 at most") as string,
  });
  expect(await numbersOf(encoder, "cat")).toEqual([[1, 0]]);
  const cutting = open({ longer: "cut" });
  expect(await numbersOf(cutting, "cat cat dog dog")).toEqual([[1, 0]]);
  await cutting.close();
});

test("answers as onnx/<name>, costs nothing, and what it made is remembered", async () => {
  const { gateway, embed, steps } = openEmbeddings(upstream, { onnx: { tiny: { path: files.path, tokenizer: files.tokenizer } } });
  const asked = () => embed({ model: "onnx/tiny", inputs: ["cat", "dog"] }, "project");
  expect(await asked()).toMatchObject({
    target: "onnx/tiny",
    remembered: 0,
    cost: { amount: "0" },
    usage: { input: 6, from: "tokenizer" },
  });
  expect(await asked()).toMatchObject({ remembered: 2 });
  expect(steps[0]).toMatchObject({ name: "onnx/tiny", kind: "embedding", status: "ok" });
  expect(() => gateway.embeddings.resolve("onnx/other")).toThrow(/Known: onnx\/use-lite, onnx\/tiny/);
  gateway.close();
});

test("a file that is no such encoder fails with what is wrong, and the next target answers", async () => {
  const other = await writeTestEncoder("pixels");
  strange.push(other);
  const broken = join(other.folder, "broken.onnx");
  await writeFile(broken, "not a model");
  const onnx = {
    pictures: { path: other.path, tokenizer: files.tokenizer },
    broken: { path: broken, tokenizer: files.tokenizer },
    mute: { path: files.path, tokenizer: broken },
  };
  const { gateway, embed, steps } = openEmbeddings(upstream, {
    onnx,
    models: { here: ["onnx/broken", "onnx/pictures", "onnx/mute", "one/ok"] },
  });
  expect(await embed({ model: "here", inputs: ["cat"] })).toMatchObject({ target: "one/ok" });
  expect(steps.map(({ name, error }) => [name, error])).toEqual([
    ["onnx/broken", "model_not_ready"],
    ["onnx/pictures", "model_not_ready"],
    ["onnx/mute", "model_not_ready"],
    ["one/ok", undefined],
  ]);
  expect(steps[1]!.details!["message"]).toContain("it takes pixels, and known are input_ids");
  expect(steps[2]!.details!["message"]).toContain("has no [UNK]");
  gateway.close();
});

test("a file that is not there, and a name that is taken, are told when the program starts", () => {
  expect(() => open({ path: "/nowhere/tiny.onnx" })).toThrow(
    expect.objectContaining({ code: "config_invalid", message: expect.stringContaining("gateway.onnx.tiny.path") as string }),
  );
  const rules = { path: "a", tokenizer: "b" };
  expect(configSchema.safeParse({ onnx: { "use-lite": rules } }).error?.issues).toMatchObject([{ path: ["onnx", "use-lite"] }]);
  const providers = { onnx: { dialect: "openai", baseUrl: "https://api.example.com/v1" } };
  expect(configSchema.safeParse({ onnx: { tiny: rules }, providers }).error?.issues).toMatchObject([{ path: ["providers", "onnx"] }]);
});
