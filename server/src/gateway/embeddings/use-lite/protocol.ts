export interface EncodeQuestion {
  /** The ONNX file. */
  readonly modelPath: string;
  readonly vocabularyPath: string;
  readonly texts: readonly string[];
  readonly maxTokens: number;
}

export interface EncodeAnswer {
  /** Texts x dimensions, in order. */
  readonly numbers: Float32Array;
  /** Of all texts. */
  readonly tokens: number;
}
