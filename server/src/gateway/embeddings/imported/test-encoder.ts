import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { elementType, writeOnnx } from "../../../models/index.ts";

export const pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "cat", "dog", "car"];
/** Of each piece; the marks are nothing, so that a text's vector is the direction of its words. */
const table = [
  [0, 0],
  [0, 0],
  [0, 0],
  [0, 0],
  [1, 0],
  [3, 4],
  [0, -2],
];

export interface TestEncoder {
  readonly folder: string;
  readonly path: string;
  readonly tokenizer: string;
}

/** A sentence encoder small enough to be worked out by hand: each word has two numbers. */
export async function writeTestEncoder(input = "input_ids"): Promise<TestEncoder> {
  const folder = await mkdtemp(join(tmpdir(), "millrace-imported-"));
  const [path, tokenizer] = [join(folder, "tiny.onnx"), join(folder, "vocab.txt")];
  const onnx = writeOnnx(
    {
      nodes: [{ operator: "Gather", inputs: ["table", input], outputs: ["last_hidden_state"] }],
      constants: [{ name: "table", shape: [table.length, 2], data: Float32Array.from(table.flat()) }],
      inputs: [{ name: input, type: elementType.int64, shape: ["N", "L"] }],
      outputs: [{ name: "last_hidden_state", type: elementType.float, shape: ["N", "L", 2] }],
    },
    { source: "a test" },
  );
  await writeFile(path, onnx);
  await writeFile(tokenizer, `${pieces.join("\n")}\n`);
  return { folder, path, tokenizer };
}
