import { z } from "zod";

/** A sentence encoder in an ONNX file of the user's own: BERT and its kin, with a WordPiece vocabulary. */
export const importedEncoderSchema = z.strictObject({
  /** Of the ONNX file: from the root, or from the folder the program is started in. */
  path: z.string().min(1),
  /** `tokenizer.json` as Hugging Face writes it, or a `vocab.txt`. */
  tokenizer: z.string().min(1),
  /** Of a text, its two marks included. */
  maxTokens: z.int().min(3).max(32_768).default(512),
  /** What becomes of a longer text. */
  longer: z.enum(["refuse", "cut"]).default("refuse"),
  /** How the vectors of its tokens become one, where the file does not do it. */
  pooling: z.enum(["mean", "first"]).default("mean"),
  /** Of a `vocab.txt`, which does not say it itself. */
  lowerCase: z.boolean().default(true),
  threads: z.int().positive().max(256).default(1),
  /** Without a call for so long, its process ends and its memory is free. */
  idleSeconds: z.int().positive().max(86_400).default(300),
});
export type ImportedEncoderConfig = z.output<typeof importedEncoderSchema>;
