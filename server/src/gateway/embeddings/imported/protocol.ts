import type { ImportedEncoderConfig } from "./config.ts";

/** With each question all of it: a process that died is followed by one that knows nothing. */
export interface EncodeQuestion {
  readonly model: Omit<ImportedEncoderConfig, "idleSeconds">;
  /** `onnx/<name>`, for messages. */
  readonly name: string;
  readonly texts: readonly string[];
}

/** A message between processes is JSON, so numbers go as bytes in base64. */
export interface EncodeAnswer {
  /** Texts x dimensions, in order, as little-endian numbers of 32 bits. */
  readonly numbers: string;
  readonly dimensions: number;
  /** Of all texts. */
  readonly tokens: number;
}
